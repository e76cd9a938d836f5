"""Hugging Face model -> bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from tamis import checks
from tamis.errors import Error, ExportError
from tamis.eval.precision import (
    CHOSEN_BY_AUTO,
    RankedList,
    ranking_parity,
    record_parity,
    reference_lists,
)
from tamis.export import colbert, parity, torchscript
from tamis.export.archive import tensor_records
from tamis.export.bundle_writer import copy_tokenizer, new_bundle
from tamis.export.families import INTERACTION, build_program, why_not_packed
from tamis.export.interaction_source import complete_config, load_weights, reference
from tamis.export.manifest import MANIFEST, PROGRAM, scoring_facts, write_manifest
from tamis.export.operators import ensure_operators
from tamis.export.sources import Source, find_source, load_model, load_tokenizer, max_length_of
from tamis.export.traced import trace_classifier

PACKED_INPUTS = ["ids", "type_ids", "positions", "cu_seqlens", "max_seqlen"]


@dataclass(frozen=True)
class ExportReport:
    """What was written."""

    bundle: Path
    architecture: str
    convention: str  # "none": there is no program, the engine alone runs it
    why_padded: str | None  # why no packed program serves, when the convention is padded
    labels: int
    max_length: int
    activation: str
    parity: dict[str, Any]


@dataclass
class _Program:
    """A saved program's part of the manifest."""

    convention: str
    inputs: list[str]
    state: dict[str, Tensor]
    prefix: str
    parity: dict[str, Any]


def export_model(
    source: str | Path,
    dest: str | Path,
    *,
    revision: str | None = None,
    token: str | bool | None = None,
    cache_folder: str | Path | None = None,
    local_files_only: bool = False,
    max_length: int | None = None,
    convention: str = "auto",
    overwrite: bool = False,
    compare_rankings: bool = True,
) -> ExportReport:
    """Write the bundle of a cross-encoder, or of a ColBERT.

    `source`: a Hugging Face folder or hub name of a sequence classifier, or of a ColBERT as pylate
    or the Stanford code saves one, whose bundle has no program. `convention`: "packed" (known
    encoders only), "padded" (traced), or "auto". `max_length` lowers the model's own limit.
    `compare_rankings=False` leaves out what `precision="auto"` of the CPU engine goes by, which is
    half of the time that a large model takes.

    Raises ExportError, and writes nothing, when tensors are missing, the model would need its own
    code executed, or the program's logits differ from the source's by more than 1e-4.
    """
    checks.one_of("convention", convention, ("auto", "packed", "padded"))
    dest = checks.path("dest", dest)
    if max_length is not None:
        max_length = checks.positive("max_length", max_length)
    found = find_source(
        source,
        revision=revision,
        token=token,
        cache_folder=cache_folder,
        local_files_only=local_files_only,
    )
    if colbert.is_colbert(found):
        return _export_colbert(found, dest, max_length, convention, overwrite, compare_rankings)
    ensure_operators()
    with new_bundle(dest, overwrite=overwrite) as folder:
        copy_tokenizer(found.folder, folder)
        if found.config.get("model_type") == INTERACTION:
            facts, program = _export_interaction(found, folder, max_length)
            why = None
        else:
            facts, program, why = _export_classifier(found, folder, max_length, convention)
        records = tensor_records(folder / PROGRAM, program.state, program.prefix)
        facts |= {
            "source": found.name,
            "revision": found.revision,
            "tokenizer": {"folder": "."},
            "convention": program.convention,
            "inputs": program.inputs,
            "tensors": {name: record._asdict() for name, record in records.items()},
            "parity": {"fp32": program.parity},
        }
        write_manifest(folder, facts)
        if program.convention == "packed" and compare_rankings:
            record_parity(folder, _parity_of_rankings(folder, found.config))
    return _report(dest, facts, program.convention, why, program.parity)


def _report(
    dest: Path, facts: dict[str, Any], convention: str, why: str | None, parity: dict[str, Any]
) -> ExportReport:
    return ExportReport(
        dest,
        facts["architecture"],
        convention,
        why,
        facts["labels"],
        facts["max_length"],
        facts["activation"],
        parity,
    )


def _export_colbert(
    source: Source,
    dest: Path,
    max_length: int | None,
    convention: str,
    overwrite: bool,
    compare_rankings: bool,
) -> ExportReport:
    if convention != "auto":
        raise ExportError(f"{source.name} is a ColBERT, which has no program; leave convention out")
    with new_bundle(dest, overwrite=overwrite) as folder:
        copy_tokenizer(source.folder, folder)
        facts = colbert.export(source, folder, max_length)
        if compare_rankings:
            record_parity(folder, _parity_of_rankings(folder, source.config))
    return _report(dest, facts, "none", None, facts["parity"]["fp32"])


def _parity_of_rankings(folder: Path, config: dict[str, Any]) -> dict[str, dict[str, float]]:
    try:
        return ranking_parity(folder, CHOSEN_BY_AUTO, _lists_for(config))
    except Error:
        # What the engine refuses of these texts (a tokenizer that does not fit the model, say) it
        # refuses when it is used, with the same words; the program itself was found right.
        return {}


def _lists_for(config: dict[str, Any]) -> tuple[RankedList, ...]:
    """Fewer lists for a large model, whose scoring would take minutes on a slow machine."""
    large = int(config.get("hidden_size") or config.get("dim") or 0) >= 1024
    return reference_lists()[: 3 if large else 6]


def _facts(source: Source, config: dict[str, Any], labels: int, limit: int) -> dict[str, Any]:
    return {
        "architecture": config["model_type"],
        "config": config,
        "max_length": limit,
        **scoring_facts(source.folder, config, labels),
    }


def _limit(own: int, asked: int | None) -> int:
    if asked is None:
        return own
    return min(own, asked)


def _export_classifier(
    source: Source, folder: Path, max_length: int | None, convention: str
) -> tuple[dict[str, Any], _Program, str | None]:
    model = load_model(source)
    tokenizer = load_tokenizer(source)
    full = model.config.to_dict()
    labels = int(model.config.num_labels)
    limit = _limit(max_length_of(model, tokenizer), max_length)
    pairs = parity.encode_pairs(tokenizer, limit)
    expected = parity.source_logits(model, pairs)
    why = why_not_packed(full)
    if convention == "packed" and why is not None:
        raise ExportError(f"{source.name} cannot be exported packed: {why}")
    if why is None and convention != "padded":
        program = _save_packed(
            source.name, full, labels, model.state_dict(), pairs, expected, folder
        )
    else:
        why = why or "asked for"
        program = _save_traced(source.name, model, tokenizer, pairs, expected, folder)
    return _facts(source, source.config, labels, limit), program, why


def _save_packed(
    name: str,
    config: dict[str, Any],
    labels: int,
    state: dict[str, Tensor],
    pairs: list[parity.Encoded],
    expected: Tensor,
    folder: Path,
) -> _Program:
    module = build_program(config, labels)
    own = module.state_dict()
    missing = sorted(own.keys() - state.keys())
    if missing:
        raise ExportError(f"{name} lacks the tensors {', '.join(missing[:8])}")
    # Shared and not copied: a large model is held once.
    module.load_state_dict({key: _own_storage(state[key]) for key in own}, assign=True)
    torchscript.save(torchscript.script(module), folder / PROGRAM)
    measured = parity.check_parity(name, expected, parity.packed_logits(folder / PROGRAM, pairs))
    return _Program("packed", PACKED_INPUTS, dict(module.state_dict()), "", measured)


def _own_storage(tensor: Tensor) -> Tensor:
    """fp32, contiguous and alone in its storage: a saved view would bring its whole storage."""
    plain = tensor.detach().float().contiguous()
    return plain if plain.untyped_storage().nbytes() == plain.nbytes else plain.clone()


def _save_traced(
    name: str,
    model: Any,
    tokenizer: Any,
    pairs: list[parity.Encoded],
    expected: Tensor,
    folder: Path,
) -> _Program:
    pad_id = tokenizer.pad_token_id or 0
    program, inputs = trace_classifier(model, parity.pad(pairs[:3], pad_id))
    torchscript.save(program, folder / PROGRAM)
    found = parity.padded_logits(folder / PROGRAM, pairs, inputs, pad_id)
    measured = parity.check_parity(name, expected, found)
    # Tied weights have two names and one record; a name that the trace dropped is not needed.
    state = {key: tensor for key, tensor in model.named_parameters() if tensor.is_contiguous()}
    return _Program("padded", inputs, state, "model.", measured)


def _export_interaction(
    source: Source, folder: Path, max_length: int | None
) -> tuple[dict[str, Any], _Program]:
    config = complete_config(source.config)
    recorded = reference(source.folder)
    if recorded is None:
        raise ExportError(
            f"{source.folder / 'reference.json'} is missing: its logits are what the exported "
            "program is compared with; training/ writes it"
        )
    pairs, expected = recorded
    limit = _limit(int(config["max_position_embeddings"]), max_length)
    state = load_weights(source.folder)
    program = _save_packed(source.name, config, 1, state, pairs, expected, folder)
    return _facts(source, config, 1, limit), program


__all__ = ["MANIFEST", "ExportReport", "export_model"]
