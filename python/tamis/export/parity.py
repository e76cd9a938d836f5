"""Runs the source and the saved program on the reference pairs and compares logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tamis.errors import ExportError
from tamis.export import torchscript
from tamis.export.reference_pairs import REFERENCE_PAIRS

TOLERANCE = 1e-4
_LONGEST = 512  # tokens of the longest reference pair: the cost of export on a slow machine

Encoded = dict[str, list[int]]


def encode_pairs(tokenizer: Any, max_length: int) -> list[Encoded]:
    """The reference pairs as the model's own tokenizer reads them, truncated as usual."""
    limit = min(max_length, _LONGEST)
    encoded: list[Encoded] = []
    for query, document in REFERENCE_PAIRS:
        found = tokenizer(query, document, truncation="longest_first", max_length=limit)
        encoded.append({key: list(value) for key, value in found.items()})
    return encoded


def pad(pairs: Sequence[Encoded], pad_id: int) -> dict[str, Tensor]:
    """The rectangle of several pairs."""
    longest = max(len(pair["input_ids"]) for pair in pairs)

    def rows(key: str, filler: int) -> Tensor:
        return torch.tensor([pair[key] + [filler] * (longest - len(pair[key])) for pair in pairs])

    padded = {"input_ids": rows("input_ids", pad_id), "attention_mask": rows("attention_mask", 0)}
    if "token_type_ids" in pairs[0]:
        padded["token_type_ids"] = rows("token_type_ids", 0)
    return padded


def source_logits(model: Any, pairs: Sequence[Encoded]) -> Tensor:
    """Logits of the source model, each pair by itself, so that no padding enters."""
    rows = []
    with torch.inference_mode():
        for pair in pairs:
            output = model(**{key: torch.tensor([value]) for key, value in pair.items()})
            rows.append(output.logits.float())
    return torch.cat(rows)


def packed_logits(path: Path, pairs: Sequence[Encoded]) -> Tensor:
    """Logits of a packed program, all pairs in one call."""
    program = torchscript.load(path)
    lengths = torch.tensor([len(pair["input_ids"]) for pair in pairs])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]).int()
    ids = torch.tensor([token for pair in pairs for token in pair["input_ids"]])
    types = torch.tensor(
        [kind for p in pairs for kind in p.get("token_type_ids", [0] * len(p["input_ids"]))]
    )
    positions = torch.cat([torch.arange(int(length)) for length in lengths])
    with torch.inference_mode(), torchscript.plain_execution():
        logits: Tensor = program(ids, types, positions, starts, int(lengths.max()))
    return logits


def padded_logits(
    path: Path, pairs: Sequence[Encoded], inputs: Sequence[str], pad_id: int
) -> Tensor:
    """Logits of a padded program in rectangles of several shapes: one row, and many."""
    program = torchscript.load(path)
    rows = []
    with torch.inference_mode(), torchscript.plain_execution():
        for size in (1, len(pairs)):
            chunks = []
            for begin in range(0, len(pairs), size):
                rectangle = pad(pairs[begin : begin + size], pad_id)
                chunks.append(logits_of(program(*(rectangle[name] for name in inputs))))
            rows.append(torch.cat(chunks))
    # Of the two runs, the one that is further off at each pair.
    return torch.stack(rows)


def logits_of(output: Any) -> Tensor:
    """The logits of a program's output, as the C++ scorer finds them."""
    if isinstance(output, Tensor):
        return output.float()
    if isinstance(output, tuple) and output:
        return logits_of(output[0])
    if isinstance(output, dict) and "logits" in output:
        return logits_of(output["logits"])
    raise ExportError(
        f"the program returns {type(output).__name__}, expected a tensor of logits, a tuple that "
        'starts with it or a dictionary with "logits"'
    )


def check_parity(name: str, expected: Tensor, found: Tensor) -> dict[str, Any]:
    """The manifest's entry. Raises ExportError when any logit is off by more than 1e-4."""
    if not bool(torch.isfinite(expected).all()):
        raise ExportError(f"{name} gives logits that are not finite; its weights are broken")
    off = float((expected - found).abs().max())
    if not off <= TOLERANCE:
        raise ExportError(
            f"the exported program of {name} differs from its source by {off:.2e} on "
            f"{len(expected)} reference pairs, more than {TOLERANCE:.0e}; no bundle was written"
        )
    return {"pairs": len(expected), "max_abs_logit_difference": off}
