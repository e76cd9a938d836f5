"""What export raises."""

from __future__ import annotations


class ExportError(RuntimeError):
    """The source cannot become a bundle; nothing was written."""
