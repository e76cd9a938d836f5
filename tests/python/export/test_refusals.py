"""What cannot become a bundle, or is a broken one, says so; nothing half-written stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

import tamis
from tamis.errors import DeviceError, InvalidArgument, ModelError
from tamis.export import ExportError, export_model, exporter

from .conftest import SMALL, write_tokenizer
from .scorer_abi import needs_torch_module


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_missing_head_is_named(tmp_path: Path) -> None:
    source = tmp_path / "source"
    transformers.BertModel(transformers.BertConfig(**SMALL)).save_pretrained(source)
    write_tokenizer(source)
    (tmp_path / "out").mkdir()
    with pytest.raises(ExportError, match=r"classifier\.bias, classifier\.weight"):
        export_model(source, tmp_path / "out" / "bundle")
    assert left_behind(tmp_path / "out") == []


def test_a_pickle_that_runs_code(make_model: Callable[..., Path], tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "ran"), "w")

    source = tmp_path / "source"
    shutil.copytree(make_model("bert"), source)
    (source / "model.safetensors").unlink()
    torch.save({"classifier.bias": Bomb()}, source / "pytorch_model.bin")
    with pytest.raises(ExportError, match="Weights only load failed"):
        export_model(source, tmp_path / "bundle")
    assert left_behind(tmp_path) == ["source"]


def test_a_folder_has_no_revision(make_model: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="revision='main' is of a model of the hub"):
        export_model(make_model("bert"), tmp_path / "bundle", revision="main")


def test_parity_gate(
    make_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = exporter.build_program

    def slightly_wrong(config: dict[str, Any], labels: int) -> Any:
        return build(config | {"layer_norm_eps": 0.05}, labels)

    monkeypatch.setattr(exporter, "build_program", slightly_wrong)
    with pytest.raises(ExportError, match=r"differs from its source by .* no bundle was written"):
        export_model(make_model("bert"), tmp_path / "bundle")
    assert left_behind(tmp_path) == []


def test_weights_that_are_not_finite(make_model: Callable[..., Path], tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(make_model("bert"), source)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    with torch.no_grad():
        model.classifier.weight[0, 0] = float("nan")
    model.save_pretrained(source)
    with pytest.raises(ExportError, match="not finite"):
        export_model(source, tmp_path / "bundle")


def test_remote_code_is_not_executed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    config = {"model_type": "their_own", "auto_map": {"AutoConfig": "code.Config"}}
    (source / "config.json").write_text(json.dumps(config))
    (source / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    write_tokenizer(source)
    with pytest.raises(ExportError, match="never executed"):
        export_model(source, tmp_path / "bundle")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read as JSON"),
        (lambda folder: (folder / "config.json").write_text("[]"), "is no JSON object"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no sequence classifier"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 99), "no sequence class"),
    ],
)
def test_broken_sources(
    damage: Callable[[Path], Any],
    message: str,
    make_model: Callable[..., Path],
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    shutil.copytree(make_model("bert"), source)
    damage(source)
    with pytest.raises(ExportError, match=message):
        export_model(source, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_no_tokenizer(make_model: Callable[..., Path], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(make_model("bert") / name, source)
    with pytest.raises(ExportError, match="no tokenizer files"):
        export_model(source, tmp_path / "bundle")


def test_unknown_source(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no such folder not found"):
        export_model(tmp_path / "no such folder", tmp_path / "bundle")
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="is a file, not a directory"):
        export_model(tmp_path / "file", tmp_path / "bundle")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("dest", 3),
        ("dest", ""),
        ("source", None),
        ("revision", 3),
        ("convention", ["packed"]),
        ("max_length", "9"),
        ("max_length", 0),
        ("max_length", True),
    ],
)
def test_arguments_of_another_kind(tmp_path: Path, argument: str, value: Any) -> None:
    given: dict[str, Any] = {"source": tmp_path, "dest": tmp_path / "bundle", argument: value}
    with pytest.raises(tamis.InvalidArgument, match=f"{argument} must be"):
        export_model(**given)
    if argument in ("dest", "max_length"):
        with pytest.raises(tamis.InvalidArgument, match=f"{argument} must be"):
            tamis.export_torchscript("model.pt", tmp_path, **{"dest": "d", argument: value})


def test_an_existing_folder_is_kept(make_model: Callable[..., Path], tmp_path: Path) -> None:
    source = make_model("bert")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("x")
    with pytest.raises(ExportError, match="exists"):
        export_model(source, tmp_path / "mine")
    with pytest.raises(ExportError, match="is no bundle"):
        export_model(source, tmp_path / "mine", overwrite=True)
    assert left_behind(tmp_path / "mine") == ["precious"]
    export_model(source, tmp_path / "bundle")
    export_model(source, tmp_path / "bundle", overwrite=True)
    with pytest.raises(ExportError, match="bundle is a bundle already"):
        export_model(tmp_path / "bundle", tmp_path / "another")
    assert left_behind(tmp_path) == ["bundle", "mine"]


@needs_torch_module
def test_damaged_bundles_do_not_load(make_model: Callable[..., Path], tmp_path: Path) -> None:
    from tamis._torch_loader import load_torchscript

    bundle = tmp_path / "bundle"
    export_model(make_model("bert"), bundle)
    program = (bundle / "model.pt").read_bytes()
    manifest = json.loads((bundle / "tamis.json").read_text())

    (bundle / "model.pt").write_bytes(program[:-1000])
    with pytest.raises(ModelError, match="sha256"):
        load_torchscript(str(bundle))
    with pytest.raises(ModelError, match=r"cannot load .*model\.pt"):
        load_torchscript(str(bundle), verify_hashes=False)
    changed = bytearray(program)
    changed[len(program) // 2] ^= 1
    (bundle / "model.pt").write_bytes(changed)
    with pytest.raises(ModelError, match="sha256"):
        load_torchscript(str(bundle))
    (bundle / "model.pt").unlink()
    with pytest.raises(ModelError, match="missing"):
        load_torchscript(str(bundle))

    (bundle / "model.pt").write_bytes(program)
    (bundle / "tamis.json").write_text(json.dumps(manifest | {"format_version": 2}))
    with pytest.raises(ModelError, match="format"):
        load_torchscript(str(bundle))
    with pytest.raises(ModelError, match="no bundle"):
        load_torchscript(str(make_model("bert")))


@needs_torch_module
def test_devices(make_model: Callable[..., Path], tmp_path: Path) -> None:
    from tamis._torch_loader import cuda_device_count, load_torchscript

    export_model(make_model("bert"), tmp_path / "bundle")
    with pytest.raises(InvalidArgument, match="unknown device"):
        load_torchscript(str(tmp_path / "bundle"), device="tpu")
    with pytest.raises(InvalidArgument, match="precision"):
        load_torchscript(str(tmp_path / "bundle"), precision="int3")
    if cuda_device_count() == 0:
        with pytest.raises(DeviceError, match="no CUDA device"):
            load_torchscript(str(tmp_path / "bundle"), device="cuda:1")
