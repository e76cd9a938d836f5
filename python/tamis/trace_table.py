"""A trace as a table: by rich where it is installed, else as plain text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.trace import StageTrace, Trace

_COLUMNS = ("stage", "in", "scored", "kept", "tokens", "dollars", "expected", "ms", "")


def printable(text: str) -> str:
    """On one line, and nothing in it that moves a terminal's cursor or that XML has not."""
    return "".join(c if c.isprintable() else " " for c in text)


def _cells(stage: StageTrace) -> tuple[str, ...]:
    return (
        printable(stage.name),
        str(stage.in_),
        str(stage.scored),
        str(stage.kept),
        str(stage.tokens),
        f"{stage.dollars:.4f}",
        "-" if stage.predicted_ms is None else f"{stage.predicted_ms:.1f}",
        f"{stage.real_ms:.1f}",
        printable(stage.note),
    )


def _total(trace: Trace) -> tuple[str, ...]:
    dollars, ms = f"{trace.dollars:.4f}", f"{trace.total_ms:.1f}"
    return ("total", "", "", "", "", dollars, "", ms, "degraded" if trace.degraded else "")


def plain(trace: Trace) -> str:
    """Columns of text."""
    rows = [_COLUMNS, *map(_cells, trace.stages), _total(trace)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
    lines = []
    for row in rows:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *numbers, row[-1]]).rstrip())
    return "\n".join(lines)


def rich_table(trace: Trace) -> Any:
    """A rich.table.Table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_footer=True)
    for place, (name, total) in enumerate(zip(_COLUMNS, _total(trace), strict=True)):
        last = place in (0, len(_COLUMNS) - 1)
        table.add_column(name, footer=Text(total), justify="left" if last else "right")
    for stage in trace.stages:
        table.add_row(*map(Text, _cells(stage)))  # Text: a stage's name is no markup
    return table


def drawn(trace: Trace) -> str:
    """By rich where it is installed."""
    try:
        from rich.console import Console
    except ImportError:
        return plain(trace)
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as capture:
        console.print(rich_table(trace))
    return str(capture.get()).rstrip("\n")
