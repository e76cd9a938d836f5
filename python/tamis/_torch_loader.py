"""Loads the native module `_torch`, after checking that torch is the one it was built for."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from types import ModuleType
from typing import Any

_HOW = "pip install 'tamis[torch]'"
BUILT_WITHOUT = (
    "this tamis was built without torch; build it with torch: "
    "TAMIS_TORCH=1 pip install --no-binary tamis 'tamis[torch]'"
)


def exists() -> bool:
    """Whether `tamis._torch` was built; imports no torch."""
    return importlib.util.find_spec("tamis._torch") is not None


@functools.cache
def load() -> ModuleType:
    """The module `tamis._torch`.

    Raises ModuleNotFoundError when this tamis has none, ImportError when torch is absent or of
    another minor version or source: TorchScript is outside torch's stable ABI.
    """
    if not exists():
        raise ModuleNotFoundError(BUILT_WITHOUT, name="tamis._torch")
    build: Any = importlib.import_module("tamis._build_info")
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"torch is needed for this and cannot be imported ({error}): {_HOW}"
        ) from error
    found = ".".join(torch.__version__.split(".")[:2])
    if found != build.TORCH:
        raise ImportError(
            f"this tamis was built for torch {build.TORCH} and finds torch {torch.__version__}, "
            f"which is not ABI compatible: pip install 'torch=={build.TORCH}.*', or install the "
            "tamis release for your torch"
        )
    try:
        return importlib.import_module("tamis._torch")
    except ImportError as error:
        if "undefined symbol" in str(error):
            raise ImportError(
                f"torch {torch.__version__} comes from a different source of PyTorch than the one "
                f"tamis was built with ({error}): take both from the same package index, or build "
                "tamis here: TAMIS_TORCH=1 pip install --no-build-isolation --no-binary tamis tamis"
            ) from error
        raise


def load_torchscript(
    bundle: str, *, device: str = "cpu", precision: str = "fp32", verify_hashes: bool = True
) -> Any:
    """A capsule with the scorer of a bundle's TorchScript program, for `_native`.

    Raises ModelError, DeviceError, InvalidArgument; ImportError as `load` does.
    """
    return load().load_torchscript(
        bundle, device=device, precision=precision, verify_hashes=verify_hashes
    )


def cuda_device_count() -> int:
    """CUDA devices that torch can use here; imports torch."""
    return int(load().cuda_device_count())
