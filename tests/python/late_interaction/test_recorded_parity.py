"""What lower precisions do to late interaction, recorded for precision="auto"."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import tamis
from tamis import LateInteraction
from tamis.eval.precision import (
    compare_rankings,
    ranking_parity,
    record_parity,
    reference_lists,
)


def test_an_encoder_is_measured_by_its_own_scores(tmp_path: Path, minilm: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(minilm, folder)
    with pytest.raises(tamis.ModelError, match="its own classification head"):
        tamis.CrossEncoder(str(folder))
    lists = reference_lists()[:2]
    found = ranking_parity(folder, ["int8"], lists)
    models = [LateInteraction(folder, precision=name) for name in ("fp32", "int8")]
    scores = [
        [model.score(query, model.encode_passages(texts)) for query, texts in lists]
        for model in models
    ]
    assert found == {"int8": compare_rankings(scores[0], scores[1])}
    assert found["int8"]["max_abs_logit_difference"] > 0
    assert "engine fp32" in LateInteraction(folder, precision="auto").description
    record_parity(folder, {"int8": {"kendall_tau": 1.0}})
    assert "engine int8" in LateInteraction(folder, precision="auto").description


def test_what_neither_reads_is_refused_as_a_cross_encoder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(tamis.ModelError, match="gpt2") as refused:
        ranking_parity(tmp_path)
    assert refused.value.__suppress_context__
