"""Any other sequence classifier: traced, with the padded convention."""

# torch is not analysed, so nn.Module is Any to mypy.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tamis.errors import ExportError
from tamis.export import torchscript


class _WithTypes(nn.Module):
    """Positional inputs, logits alone out: what a trace can hold."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        output: Any = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        )
        logits: Tensor = output.logits
        return logits


class _WithoutTypes(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def trace_classifier(model: Any, example: dict[str, Tensor]) -> tuple[Any, list[str]]:
    """The program and the names of its inputs, in order."""
    inputs = ["input_ids", "attention_mask"]
    wrapper: nn.Module = _WithoutTypes(model)
    if "token_type_ids" in example:
        inputs.append("token_type_ids")
        wrapper = _WithTypes(model)
    model.config.return_dict = True
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    try:
        with torch.no_grad():
            program = torchscript.trace(wrapper.eval(), tuple(example[name] for name in inputs))
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(f"this {type(model).__name__} cannot be traced: {reason}") from error
    return program, inputs
