"""Fast checks of what makes log-odds of logits."""

from __future__ import annotations

import json
import pathlib

import pytest
import torch
from safetensors.torch import load_file

from training import calibrate
from training.export import export
from training.test_joint import tiny

LISTS = [
    {"set": "a", "query": "q", "passages": ["x", "y"], "grades": [1.0, 0.0]},
    {"set": "b", "query": "q", "passages": ["x", "y", "z"], "grades": [0.0, 2.0, 0.0]},
    {"set": "b", "query": "r", "passages": ["x"], "grades": [0.0]},
]


def test_every_set_weighs_the_same() -> None:
    assert calibrate.weights_of(LISTS).tolist() == [0.25] * 2 + [0.125] * 4


def test_the_fit_finds_the_odds_that_labels_were_drawn_with() -> None:
    rng = torch.Generator().manual_seed(4)
    scores = 40 + 3 * torch.randn(60000, generator=rng, dtype=torch.float64)
    odds = 0.8 * (scores - 42)
    relevant = (torch.rand(60000, generator=rng, dtype=torch.float64) < odds.sigmoid()).double()
    weight = torch.full_like(scores, 1 / 60000)
    factor, offset = calibrate.fit(scores, relevant, weight)
    assert factor == pytest.approx(0.8, rel=0.03)
    assert offset / factor == pytest.approx(-42, rel=0.003)
    rows = calibrate.reliability(factor * scores + offset, relevant, weight)
    assert sum(count for *_, count in rows) == 60000
    assert all(abs(said - found) < 0.04 for said, found, _ in rows)


def test_a_calibrated_model_ranks_as_before(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.export.reference", lambda *_: [])  # has longer texts
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n")
    model = tiny()
    model.interaction.head.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    before = export(model, tmp_path / "vocab.txt", tmp_path)
    codes = load_file(str(tmp_path / "model.safetensors"))
    scores = torch.tensor([3.0, 1.0, 0.5, 2.5, 1.5, 0.1], dtype=torch.float64)
    monkeypatch.setattr(calibrate, "dev_scores", lambda *_: scores)
    (tmp_path / "dev.json").write_text(json.dumps(LISTS))
    calibrate.main(["--model", str(tmp_path), "--dev", str(tmp_path / "dev.json")])
    factor, offset = calibrate.fit(
        scores,
        torch.tensor([1.0, 0, 0, 1, 0, 0], dtype=torch.float64),
        calibrate.weights_of(LISTS),
    )
    after = calibrate.load(tmp_path)
    ids, mask = torch.tensor([[2, 5, 6, 3]]), torch.ones(1, 4, dtype=torch.bool)
    with torch.no_grad():
        found, expected = after(ids, mask, ids, mask), before(ids, mask, ids, mask)
    assert torch.allclose(found, factor * expected + offset, rtol=1e-4)
    now = load_file(str(tmp_path / "model.safetensors"))
    kept = [name for name in codes if not name.startswith("interaction.")]
    assert all(torch.equal(now[name], codes[name]) for name in kept)
    assert json.loads((tmp_path / "config.json").read_text())["calibrated"] is True


def test_a_file_without_a_head_gets_its_offset() -> None:
    made = calibrate.apply({"interaction.mix": torch.tensor([2.0, 4.0])}, 0.5, -3.0)
    assert made["interaction.mix"].tolist() == [1.0, 2.0]
    assert made["interaction.head.bias"].tolist() == [-3.0]
