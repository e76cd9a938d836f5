"""Every call of torch.jit on the Python side; upstream deprecates it and warns at each."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


@contextlib.contextmanager
def _without_deprecation() -> Iterator[None]:
    with warnings.catch_warnings():
        # Known and decided: no replacement loads in C++ without Python for every shape.
        warnings.filterwarnings("ignore", message=r".*torch\.jit", category=DeprecationWarning)
        yield


def script(module: nn.Module) -> Any:
    """Compile one of our own modules."""
    with _without_deprecation():
        return torch.jit.script(module)


def trace(module: nn.Module, examples: tuple[Tensor, ...]) -> Any:
    """Record one run of a foreign module; parity on other shapes is the caller's to check."""
    with _without_deprecation(), warnings.catch_warnings(), torch.no_grad():
        # The tracer warns at each Python branch on a shape; the parity gate decides, not the count.
        warnings.simplefilter("ignore", category=torch.jit.TracerWarning)
        # It also reads every attribute of the model, its deprecated ones too.
        warnings.simplefilter("ignore", category=FutureWarning)
        return torch.jit.trace(module, examples, check_trace=False, strict=False)


def save(program: Any, path: Path) -> None:
    """Write a program; its archive is named for the file's stem."""
    with _without_deprecation():
        torch.jit.save(program, str(path))


def load(path: Path) -> Any:
    """Read a program on the CPU, ready to score."""
    with _without_deprecation():
        program = torch.jit.load(str(path), map_location="cpu")
    program.eval()
    return program


@contextlib.contextmanager
def plain_execution() -> Iterator[None]:
    """No specialising to the shapes seen so far: the C++ scorer runs programs this way too."""
    set_optimized: Any = torch._C._get_graph_executor_optimize()
    torch._C._set_graph_executor_optimize(False)
    try:
        yield
    finally:
        torch._C._set_graph_executor_optimize(set_optimized)
