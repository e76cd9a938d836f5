"""Calls a scorer capsule the way the other native module does: as plain C data."""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

needs_torch_module = pytest.mark.skipif(
    importlib.util.find_spec("tamis._torch") is None, reason="this build has no tamis._torch"
)


class _View(ctypes.Structure):
    _fields_ = (
        ("ids", ctypes.c_void_p),
        ("type_ids", ctypes.c_void_p),
        ("cu_seqlens", ctypes.c_void_p),
        ("tokens", ctypes.c_size_t),
        ("pairs", ctypes.c_size_t),
        ("max_seqlen", ctypes.c_int32),
    )


class _Abi(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        (
            "score",
            ctypes.CFUNCTYPE(
                ctypes.c_int,
                ctypes.c_void_p,
                ctypes.POINTER(_View),
                ctypes.c_size_t,
                ctypes.c_void_p,
                ctypes.c_char_p,
                ctypes.c_size_t,
            ),
        ),
        ("retain", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("labels", ctypes.c_size_t),
        ("description", ctypes.c_char_p),
    )


def _abi(capsule: Any) -> _Abi:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return _Abi.from_address(get(capsule, b"tamis.ScorerAbi"))


def description(capsule: Any) -> str:
    return (_abi(capsule).description or b"").decode()


def score(capsule: Any, batches: Sequence[Sequence[dict[str, list[int]]]]) -> np.ndarray:
    """Logits [pairs, labels]. Raises RuntimeError("<status>: <message>")."""
    abi = _abi(capsule)
    views, kept = (_View * len(batches))(), []
    for view, pairs in zip(views, batches, strict=True):
        lengths = [len(pair["input_ids"]) for pair in pairs]
        ids = np.array([i for pair in pairs for i in pair["input_ids"]], np.int32)
        zeros = [[0] * n for n in lengths]
        types = [p.get("token_type_ids", z) for p, z in zip(pairs, zeros, strict=True)]
        kinds = np.array([t for row in types for t in row], np.uint8)
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        kept += [ids, kinds, starts]
        view.ids, view.type_ids, view.cu_seqlens = (a.ctypes.data for a in (ids, kinds, starts))
        view.tokens, view.pairs, view.max_seqlen = len(ids), len(pairs), max(lengths, default=0)
    out = np.full((sum(len(pairs) for pairs in batches), abi.labels), np.nan, np.float32)
    message = ctypes.create_string_buffer(2048)
    status = abi.score(abi.context, views, len(batches), out.ctypes.data, message, len(message))
    if status != 0:
        raise RuntimeError(f"{status}: {message.value.decode()}")
    return out
