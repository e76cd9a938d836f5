"""What tamis raises and warns of. The exceptions come from the native module, one tree for both."""

from __future__ import annotations

from tamis._native import (
    Cancelled,
    DeviceError,
    Error,
    InvalidArgument,
    ModelError,
    NonFiniteScore,
    RemoteError,
    RetrievalError,
    StageError,
    TokenizerError,
    TruncationError,
)


class ExportError(ModelError):
    """The source cannot become a bundle; nothing was written."""


class TruncationWarning(UserWarning):
    """Pairs were longer than the model reads, and were cut; the text counts pairs and tokens."""


class FragmentationWarning(UserWarning):
    """The embedded default model's vocabulary cuts the texts to bits: they are hardly English."""


class CascadeWarning(UserWarning):
    """A cascade does what is hardly meant: double reranking, a stage without effect, …"""


__all__ = [
    "Cancelled",
    "CascadeWarning",
    "DeviceError",
    "Error",
    "ExportError",
    "FragmentationWarning",
    "InvalidArgument",
    "ModelError",
    "NonFiniteScore",
    "RemoteError",
    "RetrievalError",
    "StageError",
    "TokenizerError",
    "TruncationError",
    "TruncationWarning",
]
