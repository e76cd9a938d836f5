"""A user's own TorchScript file and tokenizer folder -> padded bundle."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.errors import ExportError, InvalidArgument
from tamis.export import parity, torchscript
from tamis.export.bundle_writer import copy_tokenizer, new_bundle
from tamis.export.exporter import ExportReport
from tamis.export.manifest import PROGRAM, scoring_facts, write_manifest
from tamis.export.operators import ensure_operators
from tamis.export.sources import Source, load_tokenizer, tokenizer_limit
from tamis.model_source import read_object

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export_torchscript(
    program: str | Path,
    tokenizer: str | Path,
    dest: str | Path,
    *,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    max_length: int | None = None,
    activation: str | None = None,
    score_space: str | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Write a bundle around a TorchScript file whose forward takes `inputs`, [pairs, length] int64.

    It must return logits [pairs, labels] or [pairs], first in a tuple or under "logits" in a
    dictionary. Its scores must not depend on padding; that is checked on the reference pairs.
    `max_length` is the tokenizer's limit unless given. `activation`: "identity", "sigmoid" or
    "tanh". `score_space`: what a score is after it, where that does not follow: a program that
    ends in a sigmoid of its own has "identity" and "probability". Loading a TorchScript file can
    run code.
    """
    inputs = (inputs,) if isinstance(inputs, str) else checks.list_of("inputs", inputs)
    if activation is not None:
        checks.one_of("activation", activation, ("identity", "sigmoid", "tanh"))
    if max_length is not None:
        max_length = checks.positive("max_length", max_length)
    unknown = [name for name in inputs if name not in INPUTS]
    if unknown or "input_ids" not in inputs:
        raise InvalidArgument(f"inputs {list(inputs)}; expected input_ids and any of {INPUTS[1:]}")
    path, source = checks.path("program", program), checks.path("tokenizer", tokenizer)
    dest = checks.path("dest", dest)
    if not path.is_file():
        raise ExportError(f"{path} is no file")
    config = read_object(source / "config.json")
    loaded = load_tokenizer(Source(source, str(source), None, config))
    limit = tokenizer_limit(loaded) if max_length is None else max_length
    if loaded.pad_token_id is not None:
        config = config | {"pad_token_id": loaded.pad_token_id}
    ensure_operators()
    pairs = parity.encode_pairs(loaded, limit)
    with new_bundle(dest, overwrite=overwrite) as folder:
        copy_tokenizer(source, folder)
        shutil.copyfile(path, folder / PROGRAM)
        _check_loads(path)
        labels, measured = _measure(folder / PROGRAM, pairs, inputs, loaded.pad_token_id or 0)
        scoring = scoring_facts(source, config, labels, activation, score_space)
        facts: dict[str, Any] = {
            "architecture": "torchscript",
            "config": config,
            "source": str(path),
            "revision": None,
            "tokenizer": {"folder": "."},
            "max_length": limit,
            **scoring,
            "convention": "padded",
            "inputs": list(inputs),
            "tensors": {},
            "parity": {"fp32": measured},
        }
        write_manifest(folder, facts)
    return ExportReport(
        dest,
        "torchscript",
        "padded",
        "a program of yours",
        labels,
        limit,
        scoring["activation"],
        measured,
    )


def _check_loads(path: Path) -> None:
    try:
        torchscript.load(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(f"{path} is no TorchScript file: {reason}") from error


def _measure(
    program: Path, pairs: list[parity.Encoded], inputs: Sequence[str], pad_id: int
) -> tuple[int, dict[str, Any]]:
    """Labels, and how far padding and company move the logits."""
    missing = [name for name in inputs if name not in pairs[0] and name != "attention_mask"]
    if missing:
        raise ExportError(f"the tokenizer gives no {missing[0]}, which the program is to take")
    try:
        alone, together = parity.padded_logits(program, pairs, inputs, pad_id)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ExportError(f"{program.name} does not run on {list(inputs)}: {reason}") from error
    if alone.dim() == 1:
        alone, together = alone[:, None], together[:, None]
    if alone.dim() != 2 or len(alone) != len(pairs):
        raise ExportError(
            f"{program.name} returns logits of shape {list(alone.shape)} for {len(pairs)} pairs, "
            "expected [pairs, labels]"
        )
    measured = parity.check_parity(
        f"{program.name} (alone, and padded in a batch)", alone, together
    )
    return alone.shape[1], measured
