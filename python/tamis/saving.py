"""save_pretrained: the model's files and the caller's settings, for tamis and sentence-transformers
to load again. The weights are copied as they are: nothing here changes them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.activation import Activation
from tamis.errors import InvalidArgument
from tamis.model_source import is_bundle, read_json

_MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.base.modules.transformer.Transformer",
    }
]
# Without it sentence-transformers reads the folder as an encoder without its head.
_TRANSFORMER = {
    "transformer_task": "sequence-classification",
    "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
    "module_output_name": "scores",
}
_LEFT_OUT = {"README.md", ".gitattributes", "reference.json"}


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in _LEFT_OUT and path.suffix != ".py":
            shutil.copyfile(path, target / path.name)  # follows the hub cache's links


def _native_name(activation: Activation) -> str:
    name = activation.native_name
    if name is None:
        raise InvalidArgument(
            f"a bundle cannot hold the activation {activation.path}; it holds identity, sigmoid "
            "and tanh: set activation_fn to one of them, and pass yours where the bundle is loaded"
        )
    return name


def save(
    source: Path,
    path: str | os.PathLike[str],
    *,
    activation: Activation,
    score_space: str,
    prompts: dict[str, str],
    default_prompt_name: str | None,
    max_length: int,
) -> None:
    """Write the folder; the settings go where sentence-transformers keeps them, and a bundle's into
    its manifest."""
    target = checks.path("path", path)
    if target.resolve() == source.resolve():
        raise InvalidArgument(f"{target} is the folder the model was loaded from")
    if is_bundle(source):
        facts = {
            "activation": _native_name(activation),
            "score_space": score_space,
            "prompts": prompts,
            "default_prompt": default_prompt_name,
            "max_length": max_length,
        }
        target.mkdir(parents=True, exist_ok=True)
        _copy(source, target)
        _write(target / "tamis.json", {**read_json(source / "tamis.json"), **facts})
        return
    if not activation.has_path:
        raise InvalidArgument(
            "a folder's configuration names an activation by its class, and activation_fn is a "
            "function: set it to a torch module or a name, and pass yours where the folder is "
            "loaded"
        )
    target.mkdir(parents=True, exist_ok=True)
    _copy(source, target)
    saved = read_json(source / "config_sentence_transformers.json")
    settings = {
        **(saved if isinstance(saved, dict) else {}),
        "model_type": "CrossEncoder",
        "activation_fn": activation.path,
        "prompts": prompts,
        "default_prompt_name": default_prompt_name,
    }
    _write(target / "config_sentence_transformers.json", settings)
    _write(target / "modules.json", _MODULES)
    _write(target / "sentence_bert_config.json", _TRANSFORMER)
    tokenizer = read_json(target / "tokenizer_config.json") or {}
    _write(target / "tokenizer_config.json", {**tokenizer, "model_max_length": max_length})
