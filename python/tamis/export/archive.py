"""Where each tensor lies in a TorchScript archive, found by reading the archive back.

A program is a zip; `data.pkl` describes the module tree, tensors by the number of their storage.
It is read here with an unpickler that knows no class and calls nothing of the archive's.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tamis.errors import ExportError

DTYPES = {
    "FloatStorage": ("F32", torch.float32),
    "HalfStorage": ("F16", torch.float16),
    "BFloat16Storage": ("BF16", torch.bfloat16),
    "DoubleStorage": ("F64", torch.float64),
    "LongStorage": ("I64", torch.int64),
    "IntStorage": ("I32", torch.int32),
    "ShortStorage": ("I16", torch.int16),
    "CharStorage": ("I8", torch.int8),
    "ByteStorage": ("U8", torch.uint8),
    "BoolStorage": ("BOOL", torch.bool),
}


class Record(NamedTuple):
    """One tensor: the zip member that holds it and what its bytes are."""

    record: str
    dtype: str
    shape: tuple[int, ...]


class _Storage(NamedTuple):
    kind: str
    key: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Module:
    """Stands for any class of the archive; keeps the attributes it was saved with."""

    def __new__(cls, *_: Any) -> _Module:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state if isinstance(state, dict) else {})


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Named:
    """A storage class, by name only."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return _rebuild_tensor
        if module == "torch" and name in DTYPES:
            return _Named(name)
        if module == "collections" and name == "OrderedDict":
            return dict
        if module == "torch.jit._pickle":
            return lambda value, *_: value
        return _Module

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, size = pid
        return _Storage(kind.name if isinstance(kind, _Named) else str(kind), key, size)


def _walk(node: Any, prefix: str, found: dict[str, _Tensor]) -> None:
    if isinstance(node, _Tensor):
        found[prefix] = node
    elif isinstance(node, _Module):
        for name, child in vars(node).items():
            _walk(child, f"{prefix}.{name}" if prefix else name, found)


def tensor_records(path: Path, expected: dict[str, Tensor], prefix: str = "") -> dict[str, Record]:
    """The record of every tensor in `expected`, each checked byte for byte.

    `prefix`: where the tensors' tree hangs in the program ("model." for a traced one).
    """
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        root = next(iter(members)).split("/", 1)[0]
        found: dict[str, _Tensor] = {}
        with archive.open(f"{root}/data.pkl") as stream:
            _walk(_Reader(stream).load(), "", found)
        records = {}
        for name, tensor in expected.items():
            if prefix + name not in found:
                raise ExportError(f"{path.name} holds no tensor {name!r} after saving")
            entry = found[prefix + name]
            member = f"{root}/data/{entry.storage.key}"
            _check(archive, members[member], name, entry, tensor)
            records[name] = Record(member, DTYPES[entry.storage.kind][0], entry.shape)
    return records


def _check(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, entry: _Tensor, tensor: Tensor
) -> None:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ExportError(f"record {member.filename} of tensor {name!r} is compressed")
    numbers = tensor.numel()
    if entry.offset != 0 or entry.storage.size != numbers or entry.shape != tuple(tensor.shape):
        raise ExportError(f"tensor {name!r} does not fill its record {member.filename}")
    if DTYPES[entry.storage.kind][1] != tensor.dtype or not tensor.is_contiguous():
        raise ExportError(f"tensor {name!r} is stored as {entry.storage.kind}, not {tensor.dtype}")
    # In slices: an embedding table of a gigabyte is not copied whole.
    flat = tensor.detach().view(-1).view(torch.uint8).numpy() if numbers else None
    with archive.open(member) as stream:
        begin = 0
        while chunk := stream.read(1 << 22):
            if flat is None or chunk != flat[begin : begin + len(chunk)].tobytes():
                raise ExportError(f"record {member.filename} differs from tensor {name!r}")
            begin += len(chunk)
    if flat is not None and begin != flat.size:
        raise ExportError(f"record {member.filename} of tensor {name!r} is cut short")
