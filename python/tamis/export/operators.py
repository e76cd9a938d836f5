"""The custom operator that the packed programs call."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

SCHEMA = (
    "varlen_attention(Tensor query, Tensor key, Tensor value, Tensor cu_seqlens, int max_seqlen, "
    "float scale, Tensor? segments=None, Tensor? cross_bias=None) -> Tensor"
)

_library: torch.library.Library | None = None


def ensure_operators() -> None:
    """Have `tamis::varlen_attention` in torch: from the native module, else defined here.

    A package built without torch has no native module; it can still export.
    """
    global _library
    if hasattr(torch.ops.tamis, "varlen_attention"):
        return
    try:
        from tamis._torch_loader import load

        load()
    except ModuleNotFoundError:
        _library = torch.library.Library("tamis", "FRAGMENT")
        _library.define(SCHEMA)
        _library.impl("varlen_attention", _varlen_attention, "CompositeExplicitAutograd")


def _varlen_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seqlens: Tensor,
    max_seqlen: int,
    scale: float,
    segments: Tensor | None = None,
    cross_bias: Tensor | None = None,
) -> Tensor:
    """Attention inside each sequence, [tokens, heads, dim]; the readable twin of the C++ kernel."""
    out = torch.empty_like(query)
    bounds = cu_seqlens.tolist()
    for begin, end in itertools.pairwise(bounds):
        logits = torch.einsum("qhd,khd->hqk", query[begin:end], key[begin:end]) * scale
        if segments is not None and cross_bias is not None:
            part = segments[begin:end]
            differs = part[:, None] != part[None, :]
            zero = torch.zeros((), dtype=logits.dtype)
            by_token = cross_bias.dim() == 2
            bias = cross_bias[begin:end].T[..., None] if by_token else cross_bias[:, None, None]
            logits = logits + torch.where(differs, bias, zero)
        out[begin:end] = torch.einsum("hqk,khd->qhd", logits.softmax(-1), value[begin:end])
    return out
