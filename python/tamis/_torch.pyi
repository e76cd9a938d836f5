from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis.device_vectors import View

def load_torchscript(
    bundle: str,
    *,
    device: str = "cpu",
    precision: str = "fp32",
    max_tokens: int = 0,
    verify_hashes: bool = True,
) -> Any:
    """A capsule "tamis.ScorerAbi" that scores with a bundle's TorchScript program."""

def cuda_device_count() -> int:
    """CUDA devices that torch can use in this process."""

def maxsim(
    query: View,
    documents: Sequence[View],
    *,
    offsets: Sequence[int] | None = None,
    device: str = "cuda",
    max_rows: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """float32 [documents], by ATen; views that tamis.maxsim has checked. The GIL is released."""
