"""Rules that need no model: activation, which program, atomic writing, the loader's checks."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tamis import _torch_loader
from tamis.export import ExportError
from tamis.export.families import why_not_packed
from tamis.export.manifest import activation_of, score_space

from .scorer_abi import needs_torch_module

PATH = "torch.nn.modules.linear.Identity"


@pytest.mark.parametrize(
    ("config", "labels", "expected"),
    [
        ({}, 1, "sigmoid"),
        ({}, 3, "identity"),
        ({"sentence_transformers": {"activation_fn": PATH}}, 1, "identity"),
        ({"sentence_transformers": {"version": "5"}}, 1, "sigmoid"),
        ({"sbert_ce_default_activation_function": PATH}, 1, "identity"),
        ({"sbert_ce_default_activation_function": None}, 1, "sigmoid"),
        ({"sbert_ce_default_activation_function": "torch.nn.modules.activation.Tanh"}, 1, "tanh"),
        ({"sbert_ce_default_activation_function": "evil.module.Identity"}, 1, "sigmoid"),
        ({"score_space": "logit"}, 1, "identity"),
    ],
)
def test_activation_by_sentence_transformers_rule(
    config: dict[str, Any], labels: int, expected: str
) -> None:
    assert activation_of(config, labels) == expected


def test_unknown_torch_activation_is_refused() -> None:
    with pytest.raises(ExportError, match="Softplus"):
        activation_of({"sbert_ce_default_activation_function": "torch.nn.Softplus"}, 1)


def test_score_space_is_declared() -> None:
    assert [score_space(a) for a in ("sigmoid", "identity", "tanh")] == [
        "probability",
        "logit",
        "custom",
    ]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"model_type": "bert", "hidden_act": "gelu"}, None),
        ({"model_type": "distilbert", "activation": "relu"}, None),
        ({"model_type": "t5"}, "model type 't5'"),
        ({"model_type": "bert", "hidden_act": "mish"}, "activation 'mish'"),
        (
            {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "relative_key"},
            "relative_key",
        ),
        ({"model_type": "bert", "hidden_act": "gelu", "is_decoder": True}, "decoder"),
    ],
)
def test_which_models_are_packed(config: dict[str, Any], reason: str | None) -> None:
    found = why_not_packed(config)
    assert (found is None) if reason is None else (found is not None and reason in found)


@pytest.fixture
def fresh_loader(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the torch version that the build claims to be for."""
    _torch_loader.load.cache_clear()
    spec = object()
    monkeypatch.setattr(_torch_loader.importlib.util, "find_spec", lambda name: spec)

    def claim(version: str) -> None:
        info = types.ModuleType("tamis._build_info")
        info.TORCH = version  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tamis._build_info", info)

    yield claim
    _torch_loader.load.cache_clear()


def test_another_torch_minor_is_refused(fresh_loader: Callable[[str], None]) -> None:
    fresh_loader("1.13")
    with pytest.raises(ImportError) as caught:
        _torch_loader.load()
    text = str(caught.value)
    assert "torch 1.13" in text
    assert torch.__version__ in text
    assert "pip install 'torch==1.13.*'" in text


def test_another_source_of_torch_is_explained(
    fresh_loader: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_loader(".".join(torch.__version__.split(".")[:2]))
    real = _torch_loader.importlib.import_module

    def broken(name: str) -> Any:
        if name == "tamis._torch":
            raise ImportError("_torch.so: undefined symbol: _ZN3c105ErrorC1E")
        return real(name)

    monkeypatch.setattr(_torch_loader.importlib, "import_module", broken)
    with pytest.raises(
        ImportError, match=r"different source of PyTorch .* TAMIS_TORCH=1 pip install"
    ):
        _torch_loader.load()


def test_a_build_without_torch_is_explained(
    fresh_loader: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_torch_loader.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError, match=r"built without torch; .* TAMIS_TORCH=1 pip install"
    ):
        _torch_loader.load()


@needs_torch_module
def test_the_module_links_two_libraries_of_torch_and_no_path() -> None:
    import shutil
    import subprocess

    if shutil.which("readelf") is None:
        pytest.skip("readelf is not installed")
    path = Path(str(_torch_loader.load().__file__))
    text = subprocess.run(
        ["readelf", "-d", path], capture_output=True, text=True, check=True
    ).stdout
    needed = [line.split("[")[1].rstrip("]") for line in text.splitlines() if "NEEDED" in line]
    assert {name for name in needed if "torch" in name or "c10" in name} == {
        "libtorch_cpu.so",
        "libc10.so",
    }
