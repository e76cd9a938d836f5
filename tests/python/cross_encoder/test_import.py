"""Importing and loading: no torch, no transformers, no sockets; the hub's cache offline."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
import textwrap
import typing
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis import _torch_loader, device


def _python(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_HEAVY = "{'torch', 'transformers', 'tokenizers', 'huggingface_hub', 'tqdm', 'scipy'}"


def test_import_is_light() -> None:
    code = f"""
        import sys
        import tamis
        assert not {{'numpy', *{_HEAVY}}} & set(sys.modules)
        from tamis import CrossEncoder, TruncationWarning, InvalidArgument
        assert not {_HEAVY} & set(sys.modules)
    """
    _python(code)


_NO_SOCKETS = f"""
    import socket, sys
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")
    socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
    import tamis
    model = tamis.CrossEncoder(*sys.argv[1:2], device="cpu")
    scores = model.predict([("what do pandas eat", "bamboo"), ("what do pandas eat", "the moon")])
    assert scores.shape == (2,)
    model.rank("a", ["b", "c"], return_documents=True)
    assert str(model.device) == "cpu" and str(model.dtype) == "float32"
    assert type(model.activation_fn).__module__ == "tamis.activation"
    assert not {_HEAVY} & set(sys.modules)
    print(repr(model))
"""


def test_a_local_folder_opens_no_socket(one_label: Path) -> None:
    assert str(one_label) in _python(_NO_SOCKETS, str(one_label))


def test_the_embedded_models_open_no_socket() -> None:
    assert _python(_NO_SOCKETS).startswith("CrossEncoder(device='cpu'")
    assert _python(_NO_SOCKETS, "tiny").startswith("CrossEncoder('tiny', device='cpu'")


def test_names() -> None:
    for name in tamis.__all__:
        if tamis._WHERE[name] != "tamis.export":  # which needs torch
            assert getattr(tamis, name) is not None
    assert set(dir(tamis)) == set(tamis.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = tamis.nonsense
    of_torch = {"ExportReport", "export_model", "export_torchscript"}
    assert set(tamis._WHERE) == set(tamis.__all__) | of_torch


def test_all_names_are_there_without_torch() -> None:
    program = "import sys; sys.modules['torch'] = None\nfrom tamis import *\nimport tamis, pydoc\n"
    program += "assert CrossEncoder is tamis.CrossEncoder\npydoc.render_doc(tamis)\n"
    program += "print(tamis.stages.rerank, tamis.eval.evaluate, tamis.judging.label)"
    assert "function" in _python(program)


def test_annotations_can_be_read() -> None:
    for name in ("rerank", "retrieve", "late_interaction", "callable", "threshold"):
        assert typing.get_type_hints(getattr(tamis.stages, name))
    for kind in (tamis.CrossEncoder, tamis.LateInteraction, tamis.Index, tamis.Cascade):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") or name == "__init__":
                assert typing.get_type_hints(method) is not None


def test_exporting_is_there_with_torch() -> None:
    pytest.importorskip("torch")
    for name, module in tamis._WHERE.items():
        if module == "tamis.export":
            assert getattr(tamis, name).__name__ == name


# --- the hub


def _cached(one_label: Path, cache: Path, name: str) -> str:
    """The hub's cache as huggingface_hub lays it out, with one revision."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(one_label, folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    return commit


def test_a_name_comes_from_the_hubs_cache(
    one_label: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub")
    commit = _cached(one_label, tmp_path, "someone/reranker")
    _cached(one_label, tmp_path, "cross-encoder/short")
    options: dict[str, Any] = {"cache_folder": str(tmp_path), "local_files_only": True}
    expected = tamis.CrossEncoder(str(one_label)).predict([("a", "b")])
    for arguments in ({}, {"revision": "main"}, {"revision": commit}):
        model = tamis.CrossEncoder("someone/reranker", **options, **arguments)
        assert model.predict([("a", "b")]) == expected
        assert commit in model.path
    assert tamis.CrossEncoder("short", **options).predict([("a", "b")]) == expected
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    tamis.CrossEncoder("someone/reranker", local_files_only=True)
    with pytest.raises(OSError, match=r"[Cc]annot find|not found|locate"):
        tamis.CrossEncoder("someone/other", **options)


def test_offline_mode(one_label: Path, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    _cached(one_label, tmp_path, "someone/reranker")
    code = """
        import sys, tamis
        tamis.CrossEncoder("someone/reranker", cache_folder=sys.argv[1])
        try:
            tamis.CrossEncoder("someone/other", cache_folder=sys.argv[1])
        except OSError:
            print("refused")
    """
    assert _python(code, str(tmp_path), HF_HUB_OFFLINE="1").strip() == "refused"


def test_without_huggingface_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(tamis.ModelError, match=r"pip install 'tamis\[hub\]'"):
        tamis.CrossEncoder("someone/reranker")


# --- devices


@pytest.mark.parametrize("driver", ["/dev/nvidiactl", "/dev/dxg", None])
def test_torch_is_asked_for_devices_where_there_is_a_driver(
    driver: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = pytest.importorskip("torch").cuda
    asked = []
    monkeypatch.setattr(os.path, "exists", lambda path: path == driver)
    monkeypatch.setattr(_torch_loader, "exists", lambda: True)
    monkeypatch.setattr(cuda, "is_available", lambda: asked.append(True) or True)
    chosen = device.resolve(None, automatic="cuda")
    assert str(chosen) == ("cpu" if driver is None else "cuda")
    assert bool(asked) == (driver is not None)


def test_without_cuda(one_label: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    for name in ("cuda", "cuda:1", 0):
        with pytest.raises(
            tamis.DeviceError, match=r"finds no CUDA device here|built without torch"
        ) as caught:
            tamis.CrossEncoder(str(one_label), device=name)
        assert "\n" not in str(caught.value)
    with pytest.raises(tamis.DeviceError, match="'mps' is not supported"):
        tamis.CrossEncoder(str(one_label), device="mps")
    model = tamis.CrossEncoder(str(one_label))
    with pytest.raises(tamis.DeviceError):
        model.predict([("a", "b")], device="cuda")
    with pytest.raises(tamis.DeviceError):
        model.to("cuda")
    assert str(model.device) == "cpu"


def test_a_gpu_that_is_left_idle_is_told_of(
    one_label: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device, "_DRIVERS", (str(one_label),))
    monkeypatch.setattr(_torch_loader, "exists", lambda: False)
    device._say_that_it_is_idle.cache_clear()
    for given in (None, "auto"):
        assert str(tamis.CrossEncoder(str(one_label), device=given).device) == "cpu"
    assert caplog.text.count("There is a GPU here, and this tamis was built without torch") == 1
    caplog.clear()
    tamis.CrossEncoder()
    assert "GPU" not in caplog.text


def test_the_oldest_name_of_the_device(one_label: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tamis.CrossEncoder(str(one_label))
    model._target_device = "cpu"
    assert str(model._target_device) == "cpu"
    assert caplog.text.count("_target_device` has been deprecated") == 2


def test_torch_devices(one_label: Path) -> None:
    torch = pytest.importorskip("torch")
    assert tamis.CrossEncoder(str(one_label), device=torch.device("cpu")).device.type == "cpu"
