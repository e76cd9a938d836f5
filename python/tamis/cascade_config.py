"""A cascade from a TOML, YAML or JSON file, or a dict of the same form.

budget_ms = 1500
[[stages]]
stage = "retrieve"       # a function of tamis.stages
use = "index"            # an object, given by this name to from_config
keep = 200
[[stages]]
stage = "rerank"
model = "cross-encoder/ms-marco-MiniLM-L6-v2"    # left out: the embedded model
keep = 25
fallback = [{stage = "callable", use = "shared_words", keep = 25}]
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tamis import checks, stages
from tamis.cross_encoder import CrossEncoder
from tamis.errors import Error, InvalidArgument
from tamis.late_interaction import LateInteraction
from tamis.stages import Stage

# Stages, and what of `use` or `model` is their first argument.
_OBJECTS = {"retrieve": "use", "callable": "use", "rerank": "model", "late_interaction": "model"}
_SERVICES = ("hosted_rerank",)  # of which "service" is the first argument
_MODELS: dict[str, Callable[..., Any]] = {
    "rerank": CrossEncoder,
    "late_interaction": LateInteraction,
}
_PLAIN = ("threshold", "deduplicate", "diversify", "judge")


def _toml(path: Path) -> Any:
    try:
        import tomllib
    except ImportError as error:  # Python 3.10
        raise InvalidArgument(f"{path}: reading TOML needs Python 3.11; use JSON") from error
    return tomllib.loads(path.read_text("utf-8"))


def _yaml(path: Path) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise InvalidArgument(f"{path}: reading YAML needs: pip install pyyaml") from error
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


_READERS = {".toml": _toml, ".yaml": _yaml, ".yml": _yaml, ".json": _json}


def _loaded(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Any, str]:
    """What the file says, and how errors name it."""
    if isinstance(source, Mapping):
        return source, "the configuration"
    path = checks.path("source", source)
    if path.suffix not in _READERS:
        raise InvalidArgument(f"{path}: must end in {', '.join(_READERS)}")
    try:
        return _READERS[path.suffix](path), str(path)
    except InvalidArgument:
        raise
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidArgument(f"{path}: {error}") from error
    except RecursionError as error:
        raise InvalidArgument(f"{path}: it is nested too deeply") from error


class _Reader:
    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = objects
        self.used: set[str] = set()

    def object(self, name: Any, where: str) -> Any:
        if not isinstance(name, str):
            raise InvalidArgument(f"{where}.use must be a name, got {checks.shown(name)}")
        if name not in self.objects:
            known = ", ".join(self.objects) or "nothing"
            raise InvalidArgument(
                f"{where}.use: '{name}' was not given; from_config(…, {name}=…) gives it; "
                f"it was given {known}"
            )
        self.used.add(name)
        return self.objects[name]

    def first_argument(self, kind: str, own: dict[str, Any], where: str) -> list[Any]:
        """The object, or the model, that the stage is made of."""
        if kind in _PLAIN:
            return []
        if kind in _SERVICES:
            if "service" not in own:
                raise InvalidArgument(f"{where}.service is missing")
            return [own.pop("service")]
        if "use" in own:
            return [self.object(own.pop("use"), where)]
        if _OBJECTS[kind] == "use":
            raise InvalidArgument(f"{where}.use is missing; it names an object for from_config")
        model = own.pop("model", None)
        try:
            return [_MODELS[kind](model, precision=own.pop("precision", "fp32"))]
        except (Error, OSError) as error:  # no such model, a broken one, no such device
            raise InvalidArgument(f"{where}.model: {error}") from error

    def stage(self, told: Any, where: str) -> Stage:
        if not isinstance(told, Mapping):
            raise InvalidArgument(f"{where} must be a table, got {type(told).__name__}")
        own = dict(told)
        kind = own.pop("stage", None)
        if kind not in (*_OBJECTS, *_SERVICES, *_PLAIN):
            known = ", ".join((*_OBJECTS, *_SERVICES, *_PLAIN))
            raise InvalidArgument(f"{where}.stage is {kind!r}; use one of {known}")
        first = self.first_argument(kind, own, where)
        if "fallback" in own:
            if ".fallback" in where:  # YAML can even make it its own
                raise InvalidArgument(f"{where} is a fallback and has none; list all in one chain")
            own["fallback"] = self.stages(own["fallback"], f"{where}.fallback")
        try:
            made: Stage = getattr(stages, kind)(*first, **own)
        except (InvalidArgument, TypeError) as error:
            raise InvalidArgument(f"{where}: {error}") from error
        return made

    def stages(self, told: Any, where: str) -> list[Stage]:
        if not isinstance(told, list):
            raise InvalidArgument(f"{where} must be a list of tables, got {type(told).__name__}")
        return [self.stage(one, f"{where}[{i}]") for i, one in enumerate(told)]


def read(
    source: str | os.PathLike[str] | Mapping[str, Any], objects: Mapping[str, Any]
) -> tuple[list[Stage], float | None, str]:
    """Stages, budget, and how errors name the file. Throws InvalidArgument that names the key."""
    told, name = _loaded(source)
    try:
        if not isinstance(told, Mapping) or "stages" not in told:
            raise InvalidArgument("stages is missing")
        unknown = sorted(map(str, set(told) - {"stages", "budget_ms"}))
        if unknown:
            raise InvalidArgument(f"{unknown[0]} is unknown; use budget_ms and stages")
        budget = told.get("budget_ms")
        number = isinstance(budget, (int, float)) and not isinstance(budget, bool)
        if budget is not None and not number:
            raise InvalidArgument(f"budget_ms must be a number, got {budget!r}")
        reader = _Reader(objects)
        found = reader.stages(told["stages"], "stages")
        unused = sorted(set(objects) - reader.used)
        if unused:
            raise InvalidArgument(f"no stage uses '{unused[0]}', which from_config was given")
    except InvalidArgument as error:
        raise InvalidArgument(f"{name}: {error}") from error
    return found, budget, name
