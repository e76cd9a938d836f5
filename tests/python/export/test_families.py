"""Every known family: packed and traced programs give transformers' logits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tamis.export import export_model
from tamis.export.parity import encode_pairs, source_logits

from .conftest import FAMILIES
from .scorer_abi import description, needs_torch_module, score


def reference(source: Path) -> tuple[list[dict[str, list[int]]], np.ndarray]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source).eval()
    pairs = encode_pairs(tokenizer, 128)
    return pairs, source_logits(model, pairs).numpy()


@needs_torch_module
@pytest.mark.parametrize("convention", ["packed", "padded"])
@pytest.mark.parametrize("family", FAMILIES)
def test_native_scorer_equals_transformers(
    family: str, convention: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    from tamis._torch_loader import load_torchscript

    source = make_model(family)
    pairs, expected = reference(source)
    assert expected.std(axis=0).min() > 1.0, "a test of parity needs logits that differ"
    export_model(source, tmp_path / "bundle", convention=convention)
    scorer = load_torchscript(str(tmp_path / "bundle"))
    found = score(scorer, [pairs[:1], pairs[1:6], pairs[6:]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert description(scorer) == "torchscript fp32 cpu"


@needs_torch_module
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize("convention", ["packed", "padded"])
def test_half_precision_is_near(
    convention: str, precision: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    from tamis._torch_loader import load_torchscript

    source = make_model("bert")
    pairs, expected = reference(source)
    export_model(source, tmp_path / "bundle", convention=convention)
    scorer = load_torchscript(str(tmp_path / "bundle"), precision=precision)
    off = np.abs(score(scorer, [pairs]) - expected).max()
    assert off < (0.15 if precision == "fp16" else 1.0)  # logits spread over about ten units


@pytest.mark.parametrize("family", FAMILIES)
def test_manifest_states_the_model(
    family: str, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_model(family, 3)
    report = export_model(source, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle" / "tamis.json").read_text())
    config = json.loads((source / "config.json").read_text())
    assert manifest["format_version"] == 1
    assert manifest["architecture"] == config["model_type"]
    assert manifest["config"] == config
    assert manifest["convention"] == report.convention == "packed"
    assert manifest["inputs"] == ["ids", "type_ids", "positions", "cu_seqlens", "max_seqlen"]
    assert manifest["labels"] == 3
    assert manifest["activation"] == "identity"
    assert manifest["score_space"] == "logit"
    assert manifest["max_length"] == 128
    assert manifest["revision"] is None
    parity = manifest["parity"]["fp32"]
    assert parity["pairs"] >= 12
    assert parity["max_abs_logit_difference"] <= 1e-4
    present = {p.name for p in (tmp_path / "bundle").iterdir()} - {"tamis.json"}
    assert set(manifest["files"]) == present


def test_rankings_are_compared_unless_nobody_wants_it(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_model("bert")
    for compare, measured in ((True, {"fp32", "bf16", "int8"}), (False, {"fp32"})):
        folder = tmp_path / str(compare)
        export_model(source, folder, compare_rankings=compare)
        assert set(json.loads((folder / "tamis.json").read_text())["parity"]) == measured


def test_position_table_limits_the_length(make_model: Callable[..., Path], tmp_path: Path) -> None:
    source = make_model("roberta")  # 130 positions, pad 0: position 0 is never used
    edited = tmp_path / "source"
    edited.mkdir()
    for path in source.iterdir():
        (edited / path.name).write_bytes(path.read_bytes())
    settings = json.loads((edited / "tokenizer_config.json").read_text())
    settings["model_max_length"] = 100_000
    (edited / "tokenizer_config.json").write_text(json.dumps(settings))
    assert export_model(edited, tmp_path / "a").max_length == 129
    assert export_model(edited, tmp_path / "b", max_length=64).max_length == 64
    assert export_model(edited, tmp_path / "c", max_length=4096).max_length == 129


@needs_torch_module
def test_padding_token_inside_a_text(make_model: Callable[..., Path], tmp_path: Path) -> None:
    """RoBERTa does not count it as a position; a text may hold it literally."""
    from tamis._torch_loader import load_torchscript

    source = make_model("xlm-roberta")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source).eval()
    ids = [2, 7, 1, 8, 9, 3, 1, 1, 12, 3]
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits.numpy()
    export_model(source, tmp_path / "bundle")
    scorer = load_torchscript(str(tmp_path / "bundle"))
    other = {"input_ids": [2, 9, 3]}
    found = score(scorer, [[other, {"input_ids": ids}, other]])[1:2]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
