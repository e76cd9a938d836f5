"""Vectors in a device's memory: checked and compared where they lie, by ATen."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamis import _native, _torch_loader
from tamis.errors import Cancelled


class View(NamedTuple):
    """A text's vectors by address, as `_torch.maxsim` reads them."""

    address: int
    rows: int
    width: int
    type: str  # "float32", "float16", "bfloat16", "int8"
    stride: int  # bytes from row to row
    mask: int  # the address of uint8 [rows]; 0: none
    scales: int  # the address of float32
    scale_count: int  # 0: none
    on_device: bool


def is_torch(given: Any) -> bool:
    """Whether it is a tensor of torch, which may not be imported."""
    return type(given).__module__.partition(".")[0] == "torch"


def resident(given: Any, home: str | None) -> Any:
    """A tensor on `home` ("cuda:0"), or None where `given` is none of that kind of device."""
    if home is None or not is_torch(given) or given.device.type != home.partition(":")[0]:
        return None
    return given.detach().to(home)


def rows_together(tensor: Any) -> Any:
    """Of a type that is read, elements side by side; a copy only where they are not."""
    if type_name(tensor) == "float64":
        tensor = tensor.float()
    flat = tensor.dim() == 2 and tensor.stride(0) >= tensor.shape[1] and tensor.stride(1) == 1
    return tensor if flat else tensor.contiguous()


def beside(given: Any, tensor: Any, dtype: str) -> Any:
    """A tensor of torch or NumPy's as a contiguous one on `tensor`'s device."""
    torch: Any = importlib.import_module("torch")
    # NumPy's is copied, since torch warns of arrays that may not be written to.
    own = given.detach() if is_torch(given) else torch.from_numpy(np.array(given))
    return own.to(device=tensor.device, dtype=getattr(torch, dtype)).contiguous()


def maxsim(
    query: Any,
    documents: Sequence[Any],
    *,
    query_scales: Any,
    query_mask: Any,
    scales: Sequence[Any],
    masks: Sequence[Any],
    offsets: NDArray[np.int64] | None,
    device: str,
    max_rows: int = 0,
    cancel: _native.CancelToken | None = None,
) -> NDArray[np.float32]:
    """As `_native.maxsim`, on a device of torch; the arguments are those of `_native.maxsim`, or
    tensors on the device, each mask and scale where its vectors are."""

    def stop_if_cancelled(_: int, __: int) -> None:
        if cancel is not None and cancel.cancelled:
            raise Cancelled("maxsim was cancelled")

    views = [
        view(document, scales[i] if scales else None, masks[i] if masks else None)
        for i, document in enumerate(documents)
    ]
    scores: NDArray[np.float32] = _torch_loader.load().maxsim(
        view(query, query_scales, query_mask),
        views,
        offsets=None if offsets is None else offsets.tolist(),
        device=device,
        max_rows=max_rows,
        progress=stop_if_cancelled,
    )
    return scores


def view(vectors: Any, scales: Any, mask: Any) -> View:
    rows, width = vectors.shape
    on_device = is_torch(vectors)
    name = type_name(vectors)
    return View(
        address=_address(vectors),
        rows=rows,
        width=width,
        type="bfloat16" if name == "uint16" else name,
        stride=vectors.stride(0) * vectors.element_size() if on_device else vectors.strides[0],
        mask=0 if mask is None else _address(mask),
        scales=0 if scales is None else _address(scales),
        scale_count=0 if scales is None else math.prod(scales.shape),
        on_device=on_device,
    )


def _address(array: Any) -> int:
    return int(array.data_ptr() if is_torch(array) else array.ctypes.data)


def type_name(array: Any) -> str:
    """NumPy's name of an element's type, of either kind of array."""
    return str(array.dtype).removeprefix("torch.") if is_torch(array) else str(array.dtype.name)
