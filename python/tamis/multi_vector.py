"""maxsim: late interaction of vectors that the caller has: of a text or of a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis import _native, checks, device_vectors, native_call
from tamis.device import resolve
from tamis.device_vectors import beside, is_torch, resident, rows_together, type_name
from tamis.errors import InvalidArgument

Scores = NDArray[np.float32]
_TYPES = ("float32", "float16", "bfloat16", "uint16", "int8")


def maxsim(
    query: Any,
    documents: Any,
    *,
    offsets: Any = None,
    query_scales: Any = None,
    document_scales: Any = None,
    query_mask: Any = None,
    document_masks: Any = None,
    precision: str | None = None,
    device: Any = "cpu",
    cancel: _native.CancelToken | None = None,
) -> Scores:
    """A score for each document: the sum over the query's vectors of the greatest dot product.

    `query`: [tokens, width]. `documents`: a list of such arrays; or [documents, tokens, width] with
    `document_masks` [documents, tokens]; or all rows [rows, width] with `offsets` [documents + 1].
    Elements are float32, float16, int8, or bfloat16: a torch tensor, ml_dtypes, or its bits as
    uint16. float64 is rounded to float32, other arrays are read where they lie.

    Masks are False for padding, which is not read; scales belong to int8: a number, or one for each
    row, in the shape of the masks (a list for a list). `precision`: "fp32", "bf16" or "int8", what
    multiplies; None is exact up to the rounding of sums in float32. Vectors are compared as they
    are: whoever wants cosines gives unit vectors. Scores have the same bits in any company.

    `device`: "cuda" or "cuda:1" computes with torch: products and sums are in float32, `precision`
    is not changed, and tensors that are on a CUDA device do not leave it. Scores may then differ in
    their last bits with the company they keep.
    Throws InvalidArgument, for NaN and infinity too; DeviceError, Cancelled.
    """
    place = resolve(device)
    if place.type != "cpu" and precision not in (None, "fp32"):
        raise InvalidArgument(f"precision '{precision}' is the CPU's; on '{place}' it is fp32")
    home = None if place.type == "cpu" else f"{place.type}:{place.index or 0}"
    given = read(
        query, documents, offsets, query_scales, document_scales, query_mask, document_masks, home
    )
    if home is None:
        return native_call.call(_native.maxsim, **given, precision=precision, cancel=cancel)
    return device_vectors.maxsim(**given, device=home, cancel=cancel)


def read(
    query: Any,
    documents: Any,
    offsets: Any = None,
    query_scales: Any = None,
    document_scales: Any = None,
    query_mask: Any = None,
    document_masks: Any = None,
    home: str | None = None,
) -> dict[str, Any]:
    """What `_native.maxsim` and `device_vectors.maxsim` take. Tensors of torch on `home` stay."""
    asked = _vectors(query, "query", 2, home)
    rows, masks, scales, starts = _documents(
        documents, offsets, document_masks, document_scales, home
    )
    return {
        "query": asked,
        "documents": rows,
        "query_scales": _scales(query_scales, asked, "query"),
        "query_mask": _mask(query_mask, asked, "query"),
        "scales": scales,
        "masks": masks,
        "offsets": starts,
    }


def _documents(
    documents: Any, offsets: Any, masks: Any, scales: Any, home: str | None
) -> tuple[Any, ...]:
    """Arrays [rows, width], a mask and scales for each, and where one array holds all documents,
    its offsets."""
    if isinstance(documents, (list, tuple)):
        if offsets is not None:
            raise InvalidArgument("offsets belong to one array of all rows, documents are a list")
        return _listed(documents, masks, scales, home)
    packed = _vectors(documents, "documents", 2 if offsets is not None else 3, home)
    if packed.ndim == 3:
        count, length, width = packed.shape
        flat = packed.reshape(count * length, width)
        starts = np.arange(count + 1, dtype=np.int64) * length
        shape: tuple[int, ...] = (count, length)
    else:
        flat, starts, shape = packed, _offsets(offsets, len(packed)), tuple(packed.shape[:1])
    if len(starts) == 1:
        return [], [], [], None
    mask = _mask(masks, flat, "documents", shape)
    scale = _scales(scales, flat, "documents", shape)
    return [flat], [mask], [scale], starts


def _listed(documents: Sequence[Any], masks: Any, scales: Any, home: str | None) -> tuple[Any, ...]:
    masks = None if masks is None else checks.list_of("document_masks", masks)
    if masks is not None and len(masks) != len(documents):
        raise InvalidArgument(f"{len(masks)} masks were given for {len(documents)} documents")
    one = scales is None or isinstance(scales, (int, float, np.generic))
    scales = scales if one else checks.list_of("document_scales", scales)
    if not one and len(scales) != len(documents):
        raise InvalidArgument(f"{len(scales)} scales were given for {len(documents)} documents")
    arrays = [_vectors(document, f"document {i}", 2, home) for i, document in enumerate(documents)]
    named = [(array, f"document {i}") for i, array in enumerate(arrays)]
    found_masks = (
        [] if masks is None else [_mask(m, *own) for m, own in zip(masks, named, strict=True)]
    )
    if scales is None:
        return arrays, found_masks, [], None
    each = [scales] * len(arrays) if one else scales
    return arrays, found_masks, [_scales(s, *own) for s, own in zip(each, named, strict=True)], None


def _vectors(given: Any, what: str, dimensions: int, home: str | None) -> Any:
    """Of a type and layout that is read where it lies; a copy only where it is not."""
    array = _array(given, what, home)
    if type_name(array) not in (*_TYPES, "float64"):
        raise InvalidArgument(
            f"vectors of {what} must be float32, float16, bfloat16 or int8, got {array.dtype}"
        )
    if array.ndim != dimensions:
        expected = "[documents, tokens, width]" if dimensions == 3 else "[tokens, width]"
        raise InvalidArgument(
            f"vectors of {what} must have the shape {expected}, got {tuple(array.shape)}"
        )
    return rows_together(array) if is_torch(array) else _laid_out(array)


def _laid_out(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.name == "bfloat16":
        array = array.view(np.uint16)
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    size = array.itemsize
    along = array.strides[-1] == size and array.strides[-2] >= array.shape[-1] * size
    whole = array.ndim == 2 or array.flags.c_contiguous
    if not (along and whole and array.flags.aligned and array.dtype.isnative):
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    return array


def _array(given: Any, what: str, home: str | None) -> Any:
    """A tensor of torch where it is on `home`, else NumPy's."""
    if isinstance(given, np.ndarray):
        return given
    if is_torch(given):
        held = resident(given, home)
        return _from_torch(given) if held is None else held
    try:
        return np.asarray(given)
    except ValueError as error:
        raise InvalidArgument(f"vectors of {what} are no array: {error}") from error


def _from_torch(tensor: Any) -> NDArray[Any]:
    import torch

    plain = tensor.detach().cpu()
    if plain.dtype == torch.bfloat16:
        return np.asarray(plain.view(torch.int16).numpy()).view(np.uint16)
    return np.asarray(plain.numpy())


def _home(vectors: Any) -> str | None:
    return str(vectors.device) if is_torch(vectors) else None


def _mask(given: Any, vectors: Any, what: str, shape: tuple[int, ...] | None = None) -> Any:
    """uint8, where the vectors are."""
    if given is None:
        return None
    mask = _array(given, what, _home(vectors))
    expected = shape or tuple(vectors.shape[:1])
    if tuple(mask.shape) != expected:
        raise InvalidArgument(
            f"the mask of {what} must have the shape {expected}, got {tuple(mask.shape)}"
        )
    if re.match("bool|u?int|b?float", type_name(mask)) is None:
        raise InvalidArgument(f"the mask of {what} must be of bool or numbers, got {mask.dtype}")
    kept = (mask != 0).reshape(-1)
    return beside(kept, vectors, "uint8") if is_torch(vectors) else kept.view(np.uint8)


def _scales(given: Any, vectors: Any, what: str, shape: tuple[int, ...] | None = None) -> Any:
    """float32, where the vectors are."""
    if given is None:
        return None
    try:
        scales = _array(given, what, _home(vectors))
        if is_torch(vectors):
            scales = beside(scales, vectors, "float32")
        else:
            scales = np.ascontiguousarray(scales, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"the scales of {what} are no numbers: {error}") from error
    expected = shape or tuple(vectors.shape[:1])
    if np.ndim(given) != 0 and tuple(scales.shape) != expected:
        raise InvalidArgument(
            f"the scales of {what} must be a number or have the shape {expected}, "
            f"got {tuple(scales.shape)}"
        )
    return scales.reshape(-1)


def _offsets(given: Any, rows: int) -> NDArray[np.int64]:
    offsets = np.asarray(_from_torch(given) if is_torch(given) else given)
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) == 0:
        raise InvalidArgument("offsets must be whole numbers [documents + 1]")
    starts = np.ascontiguousarray(offsets, dtype=np.int64)
    if starts[0] != 0 or starts[-1] != rows or (np.diff(starts) < 0).any():
        raise InvalidArgument(f"offsets must ascend from 0 to the number of rows, {rows}")
    return starts
