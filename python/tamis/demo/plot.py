"""Quality against budget, as an SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 48, 56
_COLOURS = ("#0b6e99", "#c2571a", "#4a7d3a", "#7a4fa3")

Line = Sequence[tuple[float, float]]


def write(path: Path, title: str, lines: Mapping[str, Line], x: str, y: str) -> None:
    """A line for each name; x, above 0, on a logarithmic scale."""
    path.write_text(draw(title, lines, x, y), encoding="utf-8")


def draw(title: str, lines: Mapping[str, Line], x: str, y: str) -> str:
    """The SVG's text."""
    xs = sorted({px for line in lines.values() for px, _ in line})
    ys = [py for line in lines.values() for _, py in line]
    low = math.floor((min(ys) - 0.01) * 20) / 20
    high = math.ceil((max(ys) + 0.01) * 20) / 20

    def at(px: float, py: float) -> tuple[float, float]:
        span = math.log(xs[-1] / xs[0]) or 1.0
        return (
            _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log(px / xs[0]) / span,
            _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - py) / (high - low),
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 24, title, "middle", 'font-weight="bold"'),
        _text(_WIDTH / 2, _HEIGHT - 10, x, "middle"),
        _text(12, _TOP - 12, y, "start"),
    ]
    for step in range(round((high - low) * 20) + 1):
        value = low + step / 20
        level = at(xs[0], value)[1]
        out.append(f'<path d="M{_LEFT} {level:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd" fill="none"/>')
        out.append(_text(_LEFT - 8, level + 4, f"{value:.2f}", "end"))
    out += [_text(at(px, low)[0], _HEIGHT - _BOTTOM + 20, f"{px:g}", "middle") for px in xs]
    for place, (name, line) in enumerate(lines.items()):
        out += _line(name, [at(*point) for point in line], _COLOURS[place % len(_COLOURS)], place)
    return "\n".join([*out, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _line(name: str, points: Sequence[tuple[float, float]], colour: str, place: int) -> list[str]:
    path = "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
    dots = [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"/>' for px, py in points]
    label = _text(_WIDTH - _RIGHT, _HEIGHT - _BOTTOM - 12 - 18 * place, name, "end",
                  f'fill="{colour}"')  # fmt: skip
    return [f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>', *dots, label]
