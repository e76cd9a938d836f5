"""A trace as a picture: a flow as wide as there are candidates, and a bar for each stage's time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tamis import checks
from tamis.errors import InvalidArgument
from tamis.trace_table import printable

if TYPE_CHECKING:
    from tamis.trace import StageTrace, Trace

# Pixels. The flow runs from left to right, around a middle line; times are bars below it.
_COLUMN, _MARGIN, _MIDDLE, _WIDEST, _BARS, _HEIGHT = 170, 30, 150, 160, 270, 340
_FLOW, _LOST, _TIME, _EXPECTED, _INK = "#7fb3d5", "#d5dbdb", "#e59866", "#935116", "#17202a"


@dataclass(frozen=True)
class Shape:
    """A filled polygon."""

    points: list[tuple[float, float]]
    fill: str


@dataclass(frozen=True)
class Label:
    """Text around `x`, its base line at `y`."""

    x: float
    y: float
    size: int
    text: str


def _box(x: float, y: float, width: float, height: float, fill: str) -> Shape:
    right, low = x + width, y + height
    return Shape([(x, y), (right, y), (right, low), (x, low)], fill)


def _funnel(left: float, before: float, after: float, fill: str) -> Shape:
    """From `before` pixels wide to `after`, over one column."""
    right = left + _COLUMN
    return Shape(
        [
            (left, _MIDDLE - before / 2),
            (right, _MIDDLE - after / 2),
            (right, _MIDDLE + after / 2),
            (left, _MIDDLE + before / 2),
        ],
        fill,
    )


def _short(text: str, most: int = 26) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _stage(stage: StageTrace, left: float, wide: float, slowest: float) -> Iterator[Shape | Label]:
    """`wide`: pixels of a candidate; `slowest`: ms of a full bar."""
    before, after = max(stage.in_ * wide, 1.0), max(stage.kept * wide, 1.0)
    yield _box(left, _MIDDLE - before / 2, _COLUMN, before, "#f2f4f4")
    yield _funnel(left, before, after, _LOST if stage.skipped else _FLOW)
    center = left + _COLUMN / 2
    yield Label(center, 24, 14, _short(stage.name, 20))
    yield Label(center, 42, 11, f"{stage.in_} in, {stage.scored} scored")
    yield Label(center, _MIDDLE + 4, 12, f"{stage.kept} kept")
    full = _COLUMN - 20
    yield _box(left + 10, _BARS, max(1.0, full * stage.real_ms / slowest), 12, _TIME)
    if stage.predicted_ms is not None:
        expected = min(full, full * stage.predicted_ms / slowest)
        yield _box(left + 10 + expected, _BARS - 3, 2, 18, _EXPECTED)
    dollars = f", ${stage.dollars:.4f}" if stage.dollars else ""
    yield Label(center, _BARS + 28, 11, f"{stage.real_ms:.1f} ms{dollars}")
    if stage.note:
        yield Label(center, _BARS + 44, 10, _short(stage.note, 30))


def shapes(trace: Trace) -> list[Shape | Label]:
    """What the picture consists of, in pixels."""
    most = max((max(stage.in_, stage.kept) for stage in trace.stages), default=0)
    slowest = max((stage.real_ms for stage in trace.stages), default=0.0)
    found: list[Shape | Label] = []
    for place, stage in enumerate(trace.stages):
        left = float(_MARGIN + place * _COLUMN)
        found.extend(_stage(stage, left, _WIDEST / max(most, 1), max(slowest, 1e-9)))
    end = "degraded" if trace.degraded else "complete"
    total = f"{_short(trace.query, 60)}  {trace.total_ms:.1f} ms, {end}".strip()
    return [*found, Label(_width(trace) / 2, _HEIGHT - 8, 12, total)]


def _width(trace: Trace) -> int:
    return 2 * _MARGIN + _COLUMN * max(len(trace.stages), 2)


def svg(trace: Trace) -> str:
    """The picture as SVG."""
    width = _width(trace)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" '
        f'width="{width}" height="{_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{width}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for one in shapes(trace):
        if isinstance(one, Shape):
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in one.points)
            lines.append(f'<polygon points="{points}" fill="{one.fill}"/>')
        else:
            text = escape(printable(one.text))
            lines.append(
                f'<text x="{one.x:.1f}" y="{one.y:.1f}" font-size="{one.size}" fill="{_INK}" '
                f'text-anchor="middle">{text}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


_FONT, _NO_FONT = "DejaVu Sans", "Last Resort"


def _families(text: str) -> list[str]:
    """matplotlib's own font, and installed ones that have the letters it lacks."""
    from matplotlib.font_manager import findfont, fontManager
    from matplotlib.ft2font import FT2Font

    families = [_FONT]
    missing = {ord(letter) for letter in text} - FT2Font(findfont(_FONT)).get_charmap().keys()
    for font in fontManager.ttflist if missing else ():
        if font.name.startswith(_NO_FONT):
            continue
        found = missing & FT2Font(font.fname).get_charmap().keys()
        if found and font.name != _FONT:
            families.append(font.name)
            missing -= found
    return families


def _png(trace: Trace, path: Path) -> None:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InvalidArgument(
            f"{path}: a PNG needs: pip install matplotlib; an .svg needs nothing"
        ) from error
    width = _width(trace)
    figure = Figure(figsize=(width / 100, _HEIGHT / 100), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(_HEIGHT, 0))
    axes.axis("off")
    drawn = shapes(trace)
    families = _families("".join(one.text for one in drawn if isinstance(one, Label)))
    for one in drawn:
        if isinstance(one, Shape):
            axes.fill(*zip(*one.points, strict=True), facecolor=one.fill, linewidth=0)
        else:
            axes.text(
                one.x,
                one.y,
                printable(one.text),
                fontsize=one.size * 0.72,
                fontfamily=families,
                color=_INK,
                ha="center",
                parse_math=False,
            )
    figure.savefig(path)


def write(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Throws InvalidArgument for another suffix than .svg and .png."""
    target = checks.path("path", path)
    if target.suffix == ".png":
        _png(trace, target)
    elif target.suffix == ".svg":
        target.write_text(svg(trace), "utf-8")
    else:
        raise InvalidArgument(f"{target}: a picture ends in .svg or .png")
