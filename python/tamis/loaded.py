"""A model in memory: the native object and how it came to be, so that it can be loaded again.

Immutable, so threads, copies and pools share it. Pickling stores the recipe and loads anew; the
weights are mapped files, so that costs no second copy of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tamis import _native, _torch_loader, checks, native_call
from tamis.device import Device
from tamis.errors import InvalidArgument, ModelError
from tamis.model_source import EMBEDDED, ModelNotFound, is_bundle, read_object

logger = logging.getLogger("tamis.cross_encoder")


@dataclass(frozen=True)
class Recipe:
    """What to load, and how. `folder` None is the model `embedded`, wherever the package lies."""

    folder: str | None
    device: Device
    precision: str = "fp32"
    scorer: str | None = None  # "engine", "torchscript", or None: what suits the device
    revision: str | None = None  # of the hub, where it came from there
    embedded: str = "default"

    @property
    def path(self) -> Path:
        """The folder."""
        return EMBEDDED[self.embedded] if self.folder is None else Path(self.folder)


def _engine_reads(path: Path) -> bool:
    if is_bundle(path):
        return bool(read_object(path / "tamis.json").get("convention") != "padded")
    return read_object(path / "config.json").get("model_type") in _native.known_encoders()


def _load_engine(recipe: Recipe) -> _native.CrossEncoder:
    return native_call.call(_native.CrossEncoder.load, str(recipe.path), precision=recipe.precision)


def _load_torchscript(recipe: Recipe) -> _native.CrossEncoder:
    from tamis import export_cache

    _torch_loader.load()  # what is missing is said before anything is exported
    bundle = recipe.path
    if not is_bundle(bundle):
        bundle = export_cache.bundle_of(bundle, recipe.revision)
    scorer = _torch_loader.load_torchscript(
        str(bundle), device=str(recipe.device), precision=recipe.precision
    )
    # Its files were hashed for the scorer.
    return _native.CrossEncoder.load(str(bundle), scorer=scorer, verify_hashes=False)


def _load_native(recipe: Recipe) -> _native.CrossEncoder:
    if recipe.scorer is not None:
        checks.one_of("scorer", recipe.scorer, ("engine", "torchscript"))
    if recipe.device.type == "cuda" and recipe.scorer == "engine":
        raise InvalidArgument("scorer='engine' runs on the CPU only")
    if recipe.device.type == "cuda" or recipe.scorer == "torchscript":
        return _load_torchscript(recipe)
    if recipe.scorer == "engine" or _engine_reads(recipe.path):
        return _load_engine(recipe)
    if _torch_loader.exists():
        logger.info("%s: an architecture for TorchScript", recipe.path)
        return _load_torchscript(recipe)
    try:
        return _load_engine(recipe)
    except ModelError as error:
        raise ModelError(f"{error}; torch runs it, and {_torch_loader.BUILT_WITHOUT}") from error


@dataclass(frozen=True)
class Loaded:
    """The native model with its recipe."""

    recipe: Recipe
    native: _native.CrossEncoder = field(compare=False, repr=False)

    @classmethod
    def load(cls, recipe: Recipe) -> Loaded:
        """Throws ModelError, TokenizerError, DeviceError."""
        if not recipe.path.is_dir():  # where it was pickled, or before it was moved or removed
            raise ModelNotFound(f"the model's folder {recipe.path} is not there any more")
        return cls(recipe, _load_native(recipe))

    def changed(self, **changes: Any) -> Loaded:
        """The same model on another device or at another precision; itself if nothing differs."""
        recipe = replace(self.recipe, **changes)
        return self if recipe == self.recipe else Loaded.load(recipe)

    def same_but_for_device(self, other: Loaded) -> bool:
        """Whether both give the same scores, up to what devices differ in."""
        return replace(self.recipe, device=other.recipe.device) == other.recipe

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (self.recipe,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Loaded:
        return self


def _load(recipe: Recipe) -> Loaded:  # what pickle calls
    return Loaded.load(recipe)


class Elsewhere:
    """One model on other devices than its own, loaded when a call first asks for one."""

    def __init__(self) -> None:
        self._models: dict[Recipe, Loaded] = {}
        self._lock = threading.Lock()

    def on(self, home: Loaded, device: Any, resolve: Callable[[Any], Device]) -> Loaded:
        """`home`, or its twin on `device`."""
        if device is None:
            return home
        recipe = replace(home.recipe, device=resolve(device))
        if recipe == home.recipe:
            return home
        with self._lock:
            if recipe not in self._models:
                self._models[recipe] = Loaded.load(recipe)
            return self._models[recipe]

    def __deepcopy__(self, memo: dict[int, Any]) -> Elsewhere:
        return Elsewhere()

    def __reduce__(self) -> tuple[Any, ...]:
        return Elsewhere, ()
