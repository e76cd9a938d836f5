"""The main job, end to end: a reranker improves a real ranking. `python -m tamis.demo [--full]`."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    from tamis.demo.__main__ import main as run

    return run(argv)


__all__ = ["main"]
