"""What export raises."""

from __future__ import annotations

from tamis.errors import ModelError


class ExportError(ModelError):
    """The source cannot become a bundle; nothing was written."""
