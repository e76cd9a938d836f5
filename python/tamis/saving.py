"""save_pretrained: the model's files and the caller's settings, for tamis and sentence-transformers
to load again. The weights are copied as they are: nothing here changes them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tamis import checks
from tamis.activation import Activation
from tamis.errors import InvalidArgument
from tamis.model_source import (
    EMBEDDED,
    SETTINGS_FILES,
    TOKENIZER_FILES,
    is_bundle,
    is_multilingual,
    read_json,
)

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
# What loading reads: left there by an earlier save, it would stand in for what this one has not.
_READ = (
    *SETTINGS_FILES,
    *TOKENIZER_FILES,
    "tamis.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-?????-of-?????.safetensors",
)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _replacing(folder: Path) -> Iterator[Callable[[str], Path]]:
    """Gives where to write the file of a name; all take their names together, as the block ends
    well. A model that has an older file mapped keeps that one."""
    ending = f".{uuid.uuid4().hex}.part"
    written: dict[str, Path] = {}

    def place(name: str) -> Path:
        return written.setdefault(name, folder / f".{name}{ending}")

    try:
        yield place
        for name, path in written.items():
            os.replace(path, folder / name)
    finally:
        for path in written.values():
            path.unlink(missing_ok=True)


def _fill(target: Path, source: Path, contents: dict[str, Any]) -> None:
    """The files of `source`, `contents` (of JSON files, by name) in place of its own, and nothing
    else that loading reads."""
    target.mkdir(parents=True, exist_ok=True)
    own = target.samefile(source)
    files = {} if own else {path.name: path for path in source.iterdir() if _is_model_file(path)}
    with _replacing(target) as place:
        for name in sorted(files.keys() - contents.keys()):
            shutil.copyfile(files[name], place(name))  # follows the hub cache's links
        for name, content in contents.items():
            _write(place(name), content)
    if own:
        return
    for stale in (path for pattern in _READ for path in target.glob(pattern)):
        if stale.name not in {*files, *contents} and not stale.is_dir():
            stale.unlink()


def _is_model_file(path: Path) -> bool:
    return path.is_file() and path.name not in _LEFT_OUT and path.suffix != ".py"


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
    its manifest. Into the folder the model was loaded from, that is all that is written."""
    target = checks.path("path", path)
    packaged = source in EMBEDDED.values() or is_multilingual(source)
    if packaged and target.resolve() == source.resolve():
        raise InvalidArgument(f"{target} is the package's own; save to another folder")
    if is_bundle(source):
        facts = {
            "activation": _native_name(activation),
            "score_space": score_space,
            "prompts": prompts,
            "default_prompt": default_prompt_name,
            "max_length": max_length,
        }
        _fill(target, source, {"tamis.json": {**read_json(source / "tamis.json"), **facts}})
        return
    if not activation.has_path:
        raise InvalidArgument(
            "a folder's configuration names an activation by its class, and activation_fn is a "
            "function: set it to a torch module or a name, and pass yours where the folder is "
            "loaded"
        )
    saved = read_json(source / "config_sentence_transformers.json")
    settings = {
        **(saved if isinstance(saved, dict) else {}),
        "model_type": "CrossEncoder",
        "activation_fn": activation.path,
        "prompts": prompts,
        "default_prompt_name": default_prompt_name,
    }
    tokenizer = read_json(source / "tokenizer_config.json") or {}
    contents = {
        "config_sentence_transformers.json": settings,
        "modules.json": _MODULES,
        "sentence_bert_config.json": _TRANSFORMER,
        "tokenizer_config.json": {**tokenizer, "model_max_length": max_length},
    }
    _fill(target, source, contents)
