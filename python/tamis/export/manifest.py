"""tamis.json: the facts about a bundle that C++ reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tamis import _native
from tamis.errors import ExportError
from tamis.model_source import activation_path, saved_settings

FORMAT_VERSION = 1
MANIFEST = "tamis.json"
PROGRAM = "model.pt"


def activation_of(config: dict[str, Any], labels: int, saved: str | None = None) -> str:
    """The default activation by sentence-transformers' rule, as one of our three names.

    What it saved beside config.json (`saved`), the two keys in there, else Sigmoid for one label
    and Identity for several. A path outside torch is not trusted there either, and falls through
    to the default. Our own models state their score space instead.
    """
    if config.get("score_space") == "logit":
        return "identity"
    path = activation_path(config) if saved is None else saved
    names = {"Identity": "identity", "Sigmoid": "sigmoid", "Tanh": "tanh"}
    if isinstance(path, str) and path.startswith("torch."):
        kind = path.rsplit(".", 1)[-1]
        if kind in names:
            return names[kind]
        raise ExportError(
            f"the model's activation {path} has no counterpart here; set "
            "sentence_transformers.activation_fn of config.json to torch.nn.Identity to export "
            "logits and apply the activation yourself"
        )
    return "sigmoid" if labels == 1 else "identity"


def score_space(activation: str) -> str:
    """What a score is after the activation."""
    return {"sigmoid": "probability", "identity": "logit"}.get(activation, "custom")


def _stated_space(activation: str, space: str | None) -> str:
    follows = score_space(activation)
    if space not in (None, "logit", "probability", "custom"):
        raise ValueError(f"score_space {space!r}; use 'logit', 'probability' or 'custom'")
    if space not in (None, follows) and activation != "identity":
        raise ValueError(
            f"score_space {space!r} beside the activation {activation!r}, which gives {follows!r}; "
            "a program that gives it by itself has activation='identity'"
        )
    return space or follows


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        digest = hashlib.sha256()  # hashlib.file_digest is newer than Python 3.10
        while part := stream.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def scoring_facts(
    folder: Path,
    config: dict[str, Any],
    labels: int,
    activation: str | None = None,
    space: str | None = None,
) -> dict[str, Any]:
    """What the manifest says of scores and prompts; `activation` goes before the folder's own, and
    `space` before what follows from it."""
    saved = saved_settings(folder)
    chosen = activation or activation_of(config, labels, saved.get("activation_fn"))
    return {
        "labels": labels,
        "activation": chosen,
        "score_space": _stated_space(chosen, space),
        "prompts": saved.get("prompts") or {},
        "default_prompt": saved.get("default_prompt_name"),
    }


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write tamis.json last: it lists the hash of every other file."""
    files = {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    content = {"format_version": FORMAT_VERSION, "library_version": _native.version}
    content |= facts
    content["files"] = files
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
