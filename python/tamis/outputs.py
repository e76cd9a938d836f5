"""Scores in the form the caller asked for: array, tensor, or a list of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.activation import Array


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError(
            "scores as tensors need torch, which is not installed: pip install 'tamis[torch]', or "
            "leave convert_to_numpy=True"
        ) from None
    return torch


def empty(convert_to_numpy: bool, convert_to_tensor: bool, device: Any) -> Any:
    """For no pairs: what sentence-transformers gives, a float64 array included."""
    if convert_to_tensor:
        return _torch().tensor([], device=str(device))
    return np.array([]) if convert_to_numpy else []


def convert(scores: Array, convert_to_numpy: bool, convert_to_tensor: bool, device: Any) -> Any:
    """A tensor beats an array; neither is a list of tensors."""
    if convert_to_numpy and not convert_to_tensor:
        return np.array(scores, dtype=np.float32)  # the caller's own, to change as he likes
    tensor = _torch().from_numpy(np.array(scores, dtype=np.float32)).to(str(device))
    return tensor if convert_to_tensor else list(tensor)
