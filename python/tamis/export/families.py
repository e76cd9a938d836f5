"""Which architectures become our own packed programs, and how each is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from tamis.export.programs.bert import BertClassifier, ElectraClassifier, RobertaClassifier
from tamis.export.programs.distilbert import DistilBertClassifier
from tamis.export.programs.interaction import InteractionClassifier
from tamis.export.programs.layers import ACTIVATIONS

INTERACTION = "tamis_interaction"

_FAMILIES: dict[str, Callable[[dict[str, Any], int], nn.Module]] = {
    "bert": BertClassifier,
    "roberta": RobertaClassifier,
    "xlm-roberta": RobertaClassifier,
    "camembert": RobertaClassifier,
    "distilbert": DistilBertClassifier,
    "electra": ElectraClassifier,
    INTERACTION: InteractionClassifier,
}


def why_not_packed(config: dict[str, Any]) -> str | None:
    """The reason this configuration needs tracing, or None when a program of ours serves it."""
    kind = config.get("model_type")
    if kind not in _FAMILIES:
        return f"no packed program for model type {kind!r}"
    positions = config.get("position_embedding_type") or "absolute"
    if positions != "absolute":
        return f"position_embedding_type {positions!r}"
    activation = config.get("activation" if kind == "distilbert" else "hidden_act")
    if activation not in ACTIVATIONS:
        return f"activation {activation!r}"
    if config.get("is_decoder") or config.get("add_cross_attention"):
        return "a decoder"
    return None


def build_program(config: dict[str, Any], labels: int) -> nn.Module:
    """The packed program, not yet holding weights. `config`: with the library's defaults filled."""
    return _FAMILIES[config["model_type"]](config, labels).eval()
