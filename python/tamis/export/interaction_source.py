"""Reads a `tamis_interaction` folder: our own architecture, unknown to transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tamis.errors import ExportError
from tamis.export.parity import Encoded

_SCALE = ".scale"
_DEFAULTS = {"hidden_act": "gelu", "layer_norm_eps": 1e-12, "interaction_special_tokens": True}


def load_weights(folder: Path) -> dict[str, Tensor]:
    """fp32 tensors by name; int8 ones are multiplied by their row's scale."""
    from safetensors.torch import load_file

    path = folder / "model.safetensors"
    if not path.is_file():
        raise ExportError(f"{path} is missing")
    stored = load_file(str(path))
    state = {}
    for name, tensor in stored.items():
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) in stored:
            continue
        scale = stored.get(name + _SCALE)
        full = tensor.float()
        state[name] = full if scale is None else full * scale[:, None]
    return state


def complete_config(config: dict[str, Any]) -> dict[str, Any]:
    """config.json as it describes the exported tensors, which are fp32."""
    return {key: value for key, value in (_DEFAULTS | config).items() if key != "quantization"}


def reference(folder: Path) -> tuple[list[Encoded], Tensor] | None:
    """Pairs and logits that the training recipe recorded in reference.json, when it is there."""
    path = folder / "reference.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))["pairs"]
    pairs = [{key: pair[key] for key in ("input_ids", "token_type_ids")} for pair in found]
    return pairs, torch.tensor([[pair["logit"]] for pair in found])
