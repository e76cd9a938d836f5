"""The manifest's tensor records hold the source's bytes."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tamis.export import ExportError, export_model, torchscript
from tamis.export.archive import tensor_records

from .conftest import FAMILIES


def raw_bytes(archive: Path, record: str) -> tuple[int, bytes]:
    """Offset and bytes of a stored member, read as a program without a zip library would."""
    with zipfile.ZipFile(archive) as zipped:
        info = zipped.getinfo(record)
        assert info.compress_type == zipfile.ZIP_STORED
    data = archive.read_bytes()
    name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
    begin = info.header_offset + 30 + name + extra
    return begin, data[begin : begin + info.file_size]


@pytest.mark.parametrize("convention", ["packed", "padded"])
@pytest.mark.parametrize("family", FAMILIES)
def test_records_hold_the_state_dict(
    family: str, convention: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_model(family)
    export_model(source, tmp_path / "bundle", convention=convention)
    tensors = json.loads((tmp_path / "bundle" / "tamis.json").read_text())["tensors"]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    assert set(tensors) == {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        entry = tensors[name]
        offset, found = raw_bytes(tmp_path / "bundle" / "model.pt", entry["record"])
        assert offset % 64 == 0
        assert entry["dtype"] == "F32"
        assert entry["shape"] == list(parameter.shape)
        expected = parameter.detach().numpy()
        np.testing.assert_array_equal(np.frombuffer(found, np.float32), expected.ravel())


def test_a_record_that_differs_is_noticed(tmp_path: Path) -> None:
    module = torch.nn.Linear(3, 2)
    torchscript.save(torchscript.script(module), tmp_path / "model.pt")
    state = {key: value.clone() for key, value in module.state_dict().items()}
    assert set(tensor_records(tmp_path / "model.pt", state)) == {"weight", "bias"}
    state["bias"][1] += 1e-6
    with pytest.raises(ExportError, match="differs from tensor 'bias'"):
        tensor_records(tmp_path / "model.pt", state)
    with pytest.raises(ExportError, match="no tensor 'gain'"):
        tensor_records(tmp_path / "model.pt", {"gain": torch.zeros(1)})


def test_the_archive_is_read_without_running_it(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",)

    import pickle

    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Bomb()))
    with pytest.raises(ExportError):
        tensor_records(tmp_path / "model.pt", {"weight": torch.zeros(1)})
    assert not (tmp_path / "ran").exists()
