"""What tamis raises and warns of. The exceptions come from the native module, one tree for both."""

from __future__ import annotations

from tamis._native import (
    Cancelled,
    DeviceError,
    Error,
    InvalidArgument,
    ModelError,
    NonFiniteScore,
    TokenizerError,
    TruncationError,
)


class ExportError(ModelError):
    """The source cannot become a bundle; nothing was written."""


class RetrievalError(Error, RuntimeError):
    """An index cannot be built, opened or asked this."""


class TruncationWarning(UserWarning):
    """Pairs were longer than the model reads, and were cut; the text counts pairs and tokens."""


__all__ = [
    "Cancelled",
    "DeviceError",
    "Error",
    "ExportError",
    "InvalidArgument",
    "ModelError",
    "NonFiniteScore",
    "RetrievalError",
    "TokenizerError",
    "TruncationError",
    "TruncationWarning",
]
