"""Reranking for CPUs: cross-encoders that need no torch.

    from tamis import CrossEncoder
    model = CrossEncoder()
    model.rank("who wrote Hamlet?", ["Shakespeare did.", "Bananas are yellow."], top_k=1)

Importing the package imports neither NumPy nor torch; each name is loaded at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis._native import CancelToken, Passages, Tokenizer, num_threads, set_num_threads
    from tamis._native import version as __version__
    from tamis.cascade import Cascade, CascadeResult, Hit
    from tamis.cross_encoder import CrossEncoder
    from tamis.errors import (
        Cancelled,
        CascadeWarning,
        DeviceError,
        Error,
        ExportError,
        FragmentationWarning,
        InvalidArgument,
        ModelError,
        NonFiniteScore,
        RemoteError,
        RetrievalError,
        StageError,
        TokenizerError,
        TruncationError,
        TruncationWarning,
    )
    from tamis.export import ExportReport as ExportReport
    from tamis.export import export_model as export_model
    from tamis.export import export_torchscript as export_torchscript
    from tamis.late_interaction import LateInteraction
    from tamis.multi_vector import maxsim
    from tamis.remote import Judge, Judgement
    from tamis.report import Prediction, Ranked, TruncationReport
    from tamis.retrieval import Index
    from tamis.trace import Trace

# name -> the module that has it, and its name there where that differs
_WHERE = {
    "CancelToken": "tamis._native",
    "Passages": "tamis._native",
    "Tokenizer": "tamis._native",
    "num_threads": "tamis._native",
    "set_num_threads": "tamis._native",
    "__version__": "tamis._native:version",
    "Cascade": "tamis.cascade",
    "CascadeResult": "tamis.cascade",
    "Hit": "tamis.cascade",
    "CrossEncoder": "tamis.cross_encoder",
    "Cancelled": "tamis.errors",
    "CascadeWarning": "tamis.errors",
    "DeviceError": "tamis.errors",
    "Error": "tamis.errors",
    "ExportError": "tamis.errors",
    "FragmentationWarning": "tamis.errors",
    "InvalidArgument": "tamis.errors",
    "ModelError": "tamis.errors",
    "NonFiniteScore": "tamis.errors",
    "RemoteError": "tamis.errors",
    "RetrievalError": "tamis.errors",
    "StageError": "tamis.errors",
    "TokenizerError": "tamis.errors",
    "TruncationError": "tamis.errors",
    "TruncationWarning": "tamis.errors",
    "ExportReport": "tamis.export",
    "export_model": "tamis.export",
    "export_torchscript": "tamis.export",
    "LateInteraction": "tamis.late_interaction",
    "maxsim": "tamis.multi_vector",
    "Judge": "tamis.remote",
    "Judgement": "tamis.remote",
    "Prediction": "tamis.report",
    "Ranked": "tamis.report",
    "TruncationReport": "tamis.report",
    "Index": "tamis.retrieval",
    "Trace": "tamis.trace",
}

__all__ = [
    "CancelToken",
    "Cancelled",
    "Cascade",
    "CascadeResult",
    "CascadeWarning",
    "CrossEncoder",
    "DeviceError",
    "Error",
    "ExportError",
    "FragmentationWarning",
    "Hit",
    "Index",
    "InvalidArgument",
    "Judge",
    "Judgement",
    "LateInteraction",
    "ModelError",
    "NonFiniteScore",
    "Passages",
    "Prediction",
    "Ranked",
    "RemoteError",
    "RetrievalError",
    "StageError",
    "Tokenizer",
    "TokenizerError",
    "Trace",
    "TruncationError",
    "TruncationReport",
    "TruncationWarning",
    "__version__",
    "maxsim",
    "num_threads",
    "set_num_threads",
]
"""Without what needs torch: `from tamis import *` imports it all."""

_MODULES = ("errors", "eval", "export", "judging", "remote", "retrieval", "stages", "stores")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"tamis.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'tamis' has no attribute '{name}'")
    module, _, other = _WHERE[name].partition(":")
    value = getattr(importlib.import_module(module), other or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
