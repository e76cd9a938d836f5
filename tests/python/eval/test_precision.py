"""Kendall's tau, and the record that precision="auto" reads."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import tamis
from tamis.cli import main
from tamis.eval.precision import (
    compare_rankings,
    kendall_tau,
    ranking_parity,
    record_parity,
    reference_lists,
)


@pytest.fixture
def default_copy(tmp_path: Path) -> Path:
    dest = tmp_path / "model"
    shutil.copytree(str(files("tamis") / "models" / "default"), dest)
    return dest


def test_tau_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    for size in (2, 5, 30):
        for levels in (2, 5, 1000):
            x, y = random.integers(0, levels, (2, size))
            expected = stats.kendalltau(x, y).statistic
            if not np.isnan(expected):
                assert kendall_tau(x, y) == pytest.approx(expected)


def test_tau_at_its_ends() -> None:
    assert kendall_tau([1, 2, 3], [10, 20, 30]) == 1
    assert kendall_tau([1, 2, 3], [3, 2, 1]) == -1
    assert kendall_tau([1, 1, 1], [2, 2, 2]) == 1
    assert kendall_tau([1, 1, 1], [1, 2, 3]) == 0
    assert kendall_tau([5], [7]) == 1


def test_a_record_says_what_was_compared() -> None:
    expected = [np.float32([1, 2, 3]), np.float32([4, 5])]
    found = [np.float32([1, 3, 2]), np.float32([4, 5.5])]
    record = compare_rankings(expected, found)
    assert record == {
        "lists": 2,
        "kendall_tau": pytest.approx((1 / 3 + 1) / 2, abs=1e-5),
        "max_abs_logit_difference": 1.0,
    }


def test_reference_lists_have_what_they_say() -> None:
    lists = reference_lists()
    assert len(lists) == 12
    assert all(len(passages) == 10 and query for query, passages in lists)


def test_auto_follows_the_record(default_copy: Path) -> None:
    assert "(auto: " in tamis.CrossEncoder(str(default_copy), precision="auto").description
    record_parity(default_copy, {"int8": {"kendall_tau": 0.995}})
    chosen = tamis.CrossEncoder(str(default_copy), precision="auto").description
    assert "int8" in chosen
    assert "0.9950" in chosen
    record_parity(default_copy, {"int8": {"kendall_tau": 0.9}, "bf16": {"kendall_tau": 0.9}})
    chosen = tamis.CrossEncoder(str(default_copy), precision="auto").description
    assert "fp32" in chosen


def test_the_command_measures_and_records(
    default_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parity", str(default_copy), "--record"]) == 0
    said = capsys.readouterr().out
    assert "int8: Kendall tau" in said
    stored = json.loads((default_copy / "config.json").read_text())["tamis"]["parity"]
    assert set(stored) == {"bf16", "fp16", "int8"}
    assert stored["fp16"]["kendall_tau"] >= 0.99
    assert stored["bf16"]["kendall_tau"] >= 0.97
    assert stored["int8"]["kendall_tau"] >= 0.9


def test_the_shipped_record_is_what_the_engine_gives() -> None:
    folder = Path(str(files("tamis") / "models" / "default"))
    stored = json.loads((folder / "config.json").read_text())["tamis"]["parity"]
    found = ranking_parity(folder)
    for precision, record in found.items():
        # bf16 is rounded differently where no instruction multiplies it.
        assert record["kendall_tau"] == pytest.approx(stored[precision]["kendall_tau"], abs=0.02)


def test_a_model_inside_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    lists = reference_lists()[:2]
    folder = Path(str(files("tamis") / "models" / "tiny"))
    expected = ranking_parity(folder, ["int8"], lists)
    assert ranking_parity("tiny", ["int8"], lists) == expected
    assert main(["parity", "tiny"]) == 0
    assert "int8: Kendall tau" in capsys.readouterr().out


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(tamis.ModelError, match=r"neither config\.json nor tamis\.json"):
        record_parity(tmp_path, {})
    assert main(["parity", str(tmp_path)]) == 2
