"""ColBERT folder -> bundle: no program, the engine reads its safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tamis.errors import ExportError, ModelError
from tamis.eval.precision import record_parity
from tamis.export.manifest import write_manifest
from tamis.export.parity import TOLERANCE
from tamis.export.reference_pairs import REFERENCE_PAIRS
from tamis.export.sources import Source
from tamis.late_interaction import LateInteraction
from tamis.model_source import read_json

WEIGHTS = "model.safetensors"
_PROJECTION = "projection."


def is_colbert(source: Source) -> bool:
    """As pylate saves one, or the Stanford code."""
    return bool(_dense_folders(source.folder)) or _is_stanford(source)


def export(source: Source, folder: Path, max_length: int | None) -> dict[str, Any]:
    """Writes all but the tokenizer; returns the manifest's facts. Throws ExportError for a folder
    that the engine does not read."""
    try:
        facts = _facts(source, max_length) | {"tokenizer": {"folder": "."}, "convention": "none"}
    except ModelError as error:
        raise ExportError(str(error)) from error
    facts["colbert"]["projections"] = _write_weights(source, folder)
    write_manifest(folder, facts)
    facts["parity"] = {"fp32": _check_parity(source, folder, max_length)}
    record_parity(folder, facts["parity"])
    return facts


def _write_weights(source: Source, folder: Path) -> list[str]:
    """All tensors in one file; returns the names of the projections."""
    from safetensors.torch import save_file

    tensors = _tensors(source.folder)
    if _is_stanford(source):
        layers = [{name: tensors.pop(name) for name in list(tensors) if name.startswith("linear.")}]
    else:
        layers = [_tensors(dense) for dense in _dense_folders(source.folder)]
    names = [f"{_PROJECTION}{place}" for place in range(len(layers))]
    for own, layer in zip(names, layers, strict=True):
        tensors |= {name.replace("linear", own, 1): tensor for name, tensor in layer.items()}
    save_file(tensors, folder / WEIGHTS)
    return names


def _facts(source: Source, max_length: int | None) -> dict[str, Any]:
    model = LateInteraction(source.folder, max_length=max_length, cache_bytes=0)
    settings = model._native.colbert
    assert settings is not None  # as is_colbert said
    settings["document"]["length"] = model.max_length
    saved = read_json(source.folder / "config_sentence_transformers.json") or {}
    return {
        "architecture": source.config["model_type"],
        "config": source.config,
        "source": source.name,
        "revision": source.revision,
        "max_length": source.config["max_position_embeddings"],
        "labels": 1,
        "activation": "identity",
        "score_space": "logit",
        "prompts": saved.get("prompts") or {},
        "default_prompt": None,
        "colbert": settings,
    }


def _check_parity(source: Source, folder: Path, max_length: int | None) -> dict[str, Any]:
    """The bundle's scores against the folder's. Throws ExportError."""
    differences = _scores(source.folder, max_length) - _scores(folder, max_length)
    off = float(np.abs(differences).max())
    if off > TOLERANCE:
        raise ExportError(
            f"{source.name}: the bundle's scores are off by {off}; nothing is written"
        )
    return {"max_abs_score_difference": off, "pairs": differences.size}


def _scores(folder: Path, max_length: int | None) -> NDArray[np.float32]:
    """Of all reference queries and texts."""
    model = LateInteraction(folder, max_length=max_length, cache_bytes=0)
    texts = [text for _, text in REFERENCE_PAIRS]
    passages = model.encode_passages(texts, on_truncation="ignore")
    return np.stack(
        [model.score(query, passages, on_truncation="ignore") for query, _ in REFERENCE_PAIRS]
    )


def _is_stanford(source: Source) -> bool:
    return source.config.get("architectures") == ["HF_ColBERT"]


def _dense_folders(folder: Path) -> list[Path]:
    modules = read_json(folder / "modules.json") or []
    kinds = {module["path"]: module["type"].rpartition(".")[2] for module in modules}
    if "Pooling" in kinds.values():
        return []
    return [folder / path for path, kind in kinds.items() if kind == "Dense"]


def _tensors(folder: Path) -> dict[str, Tensor]:
    """Of all shards."""
    from safetensors.torch import load_file

    return {name: each for file in _files(folder) for name, each in load_file(file).items()}


def _files(folder: Path) -> Iterator[Path]:
    index = read_json(folder / f"{WEIGHTS}.index.json")
    if (folder / WEIGHTS).is_file():
        yield folder / WEIGHTS
    elif index:
        yield from sorted({folder / name for name in index["weight_map"].values()})
    else:
        raise ExportError(f"{folder} has no {WEIGHTS}")
