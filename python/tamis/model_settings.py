"""What a model's folder says besides its weights: default activation and prompts.

In sentence-transformers' order: config_sentence_transformers.json, config.json (two spellings).
The native loader reads the same, and for a bundle its manifest; what is read again here are the
activations that it cannot run.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tamis import activation as activations
from tamis import checks
from tamis.activation import Activation
from tamis.errors import InvalidArgument
from tamis.loaded import Loaded
from tamis.model_source import activation_path, is_bundle, saved_settings

logger = logging.getLogger("tamis.cross_encoder")


def config_of(loaded: Loaded) -> dict[str, Any]:
    """config.json, as the native loader keeps it."""
    found = json.loads(loaded.native.config_json or "{}")
    return found if isinstance(found, dict) else {}


def _activation_path(loaded: Loaded) -> str | None:
    if is_bundle(loaded.recipe.path):
        return None  # its manifest says it, which the native loader has read
    saved = saved_settings(loaded.recipe.path).get("activation_fn")
    return activation_path(config_of(loaded)) if saved is None else str(saved)


def default_activation(loaded: Loaded, trust_remote_code: bool) -> Activation:
    """The model's own, for when the caller names none."""
    path = _activation_path(loaded)
    if path is not None and activations.is_trusted(path):
        return activations.resolve(path)
    if path is not None and trust_remote_code:
        raise InvalidArgument(
            f"the model's configuration names the activation '{path}'; tamis executes nothing that "
            "a repository names, with trust_remote_code or without: pass it as activation_fn="
        )
    if path is not None:
        logger.warning(
            f"Activation function path '{path}' is not trusted, using default activation function "
            "instead. Pass it as activation_fn= if you want it."
        )
        return activations.resolve("sigmoid" if loaded.native.labels == 1 else "identity")
    return activations.resolve(loaded.native.activation)


def score_space(loaded: Loaded, activation: Activation) -> str:
    """'logit', 'probability' or 'custom': what the activation gives. The model declares it for its
    own, since an identity may follow a head that already gives probabilities."""
    own = activations.resolve(loaded.native.activation)
    return loaded.native.score_space if activation == own else activation.score_space


def computed_space(loaded: Loaded) -> str:
    """The score space before the default activation. Only a program that ends in an activation of
    its own computes no logits; its manifest then says what, beside an identity."""
    return loaded.native.score_space if loaded.native.activation == "identity" else "logit"


def _settings_file(loaded: Loaded) -> Path:
    folder = loaded.recipe.path
    return folder / ("tamis.json" if is_bundle(folder) else "config_sentence_transformers.json")


def prompts_of(
    loaded: Loaded, given: Mapping[str, str] | None, default_name: str | None
) -> tuple[dict[str, str], str | None]:
    """The caller's prompts over the saved ones, and the default's name."""
    if given is not None and not isinstance(given, Mapping):
        raise InvalidArgument(
            f"prompts must be a dictionary of names and texts, got {type(given).__name__}"
        )
    for key, value in (given or {}).items():
        checks.text("a prompt's name", key)
        if value is not None:
            checks.text(f"the prompt '{key}'", value)
    if default_name is not None:
        checks.text("default_prompt_name", default_name)
    prompts = {**loaded.native.prompts, **(given or {})}
    prompts = {name: text or "" for name, text in prompts.items()}
    name = default_name or loaded.native.default_prompt
    if name is not None and name not in prompts:
        where = "" if default_name else f"{_settings_file(loaded)}: "
        instead = (
            "" if default_name else " Name one as default_prompt_name=, or add it to prompts=."
        )
        raise InvalidArgument(
            f"{where}Default prompt name '{name}' not found in the configured prompts dictionary "
            f"with keys {list(prompts)!r}.{instead}"
        )
    return prompts, name


def _number(key: str) -> int | str:
    return int(key) if key.isascii() and key.isdigit() else key


def _labels(config: Mapping[str, Any], count: int) -> dict[str, Any]:
    """`id2label` and `label2id`; transformers leaves them out of the file where labels have no
    names of their own."""
    names = config.get("id2label")
    if not names:
        default = [f"LABEL_{number}" for number in range(count)]
        return {
            "id2label": dict(enumerate(default)),
            "label2id": {name: number for number, name in enumerate(default)},
        }
    if isinstance(names, dict):
        names = {_number(key): label for key, label in names.items()}
    return {"id2label": names, "label2id": config.get("label2id")}


class Config(SimpleNamespace):
    """config.json with attributes, as transformers' configuration has them, and what it adds to
    each: labels' names, `problem_type` and `name_or_path`. To read, not to set."""

    @classmethod
    def of(cls, loaded: Loaded, shown: Mapping[str, Any]) -> Config:
        """`shown`: what is the caller's, over the file's."""
        values = {"problem_type": None, **config_of(loaded), **shown}
        count = loaded.native.labels
        return cls(**{**values, "num_labels": count, **_labels(values, count)})

    def to_dict(self) -> dict[str, Any]:
        """A copy, as a dictionary."""
        return dict(vars(self))

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default`."""
        return getattr(self, name, default)
