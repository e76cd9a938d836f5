"""Devices: which one a model runs on, named as torch names them, with or without torch."""

from __future__ import annotations

import functools
import importlib
import logging
import os
import re
import sys
from typing import Any

from tamis import _torch_loader, checks
from tamis.errors import DeviceError, InvalidArgument

logger = logging.getLogger("tamis.cross_encoder")


class Device:
    """A device, with torch.device's `type` and `index`; equal to its name."""

    def __init__(self, name: str) -> None:
        self.type, _, number = name.partition(":")
        self.index = int(number) if number else None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"Device('{self}')"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


_DRIVERS = ("/dev/nvidiactl", "/dev/dxg")  # NVIDIA's, and that of Linux under Windows (WSL 2)


@functools.cache  # once
def _say_that_it_is_idle() -> None:
    logger.warning("There is a GPU here, and %s; scoring on the CPU", _torch_loader.BUILT_WITHOUT)


def _cuda_is_usable() -> bool:
    """Looks for a driver and for our own CUDA module before it pays for importing torch."""
    if not any(map(os.path.exists, _DRIVERS)):
        return False
    if not _torch_loader.exists():
        _say_that_it_is_idle()
        return False
    torch = importlib.import_module("torch")
    return bool(torch.cuda.is_available())


def _require_cuda(name: str, index: int) -> None:
    if not _torch_loader.exists():
        raise DeviceError(f"device '{name}' needs torch, and {_torch_loader.BUILT_WITHOUT}")
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise DeviceError(
            f"device '{name}' needs torch, which is not installed: pip install 'tamis[torch]'"
        ) from None
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise DeviceError(f"device '{name}' was asked for, but torch finds no CUDA device here")
    if index >= count:
        raise DeviceError(f"device '{name}' does not exist: this machine has {count} CUDA devices")


def resolve(device: Any, *, automatic: str = "cpu") -> Device:
    """The device for what the caller gave: None, a name, a number (as torch counts CUDA devices)
    or a torch.device. None and "auto" are CUDA where it can be used and `automatic` allows it;
    never MPS."""
    if device is None or (isinstance(device, str) and device == "auto"):
        chosen = "cuda" if automatic == "cuda" and _cuda_is_usable() else "cpu"
        logger.info("No device provided, using %s", chosen)
        return Device(chosen)
    name = f"cuda:{device}" if isinstance(device, int) else str(device)
    match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", name)
    if match is None:
        if re.fullmatch(r"(mps|xpu|npu|hpu|xla|meta)(:\d+)?", name):
            raise DeviceError(f"device '{name}' is not supported; tamis runs on 'cpu' and 'cuda'")
        shown = name if isinstance(device, str) else checks.shown(device)
        raise InvalidArgument(f"unknown device '{shown}'; use 'cpu', 'cuda' or 'cuda:1'")
    if match[1] == "cpu":
        return Device("cpu")
    _require_cuda(name, int(match[2] or 0))
    return Device(name)


def as_caller_sees(device: Device) -> Any:
    """A torch.device where the process uses torch, else the Device."""
    make = getattr(sys.modules.get("torch"), "device", None)
    return device if make is None else make(str(device))
