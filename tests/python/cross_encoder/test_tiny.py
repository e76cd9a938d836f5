"""The smaller embedded model, by its name."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from tamis import CrossEncoder, LateInteraction
from tamis.model_source import EMBEDDED

QUERY = "when was the treaty of Westphalia signed"
PASSAGES = [
    "Bananas are yellow and grow in warm countries.",
    "A cell is the smallest unit of life.",
    "The Peace of Westphalia was signed in October 1648 in Osnabrück and Münster.",
]


def test_it_ranks() -> None:
    model = CrossEncoder("tiny")
    assert model.path == str(EMBEDDED["tiny"])
    assert model.config.num_hidden_layers < CrossEncoder().config.num_hidden_layers
    assert model.rank(QUERY, PASSAGES)[0]["corpus_id"] == 2
    assert LateInteraction("tiny").rank(QUERY, PASSAGES)[0]["corpus_id"] == 2


def test_late_interaction_gives_the_same_scores() -> None:
    late = LateInteraction("tiny")
    together = CrossEncoder("tiny").predict([(QUERY, text) for text in PASSAGES], scores="logit")
    apart = late.score(QUERY, late.encode_passages(PASSAGES))
    np.testing.assert_allclose(together, apart, atol=0.02)  # passages are int8 there


def test_it_is_small() -> None:
    sizes = [path.stat().st_size for path in EMBEDDED["tiny"].iterdir()]
    assert sum(sizes) < 25e6


@pytest.mark.parametrize("kind", [CrossEncoder, LateInteraction])
def test_its_name_is_what_is_pickled(kind: type) -> None:
    model = kind("tiny")
    assert repr(model).startswith(f"{kind.__name__}('tiny'" if kind is CrossEncoder else "Late")
    assert "tiny" in repr(model)
    assert os.fsencode(EMBEDDED["tiny"].parent) not in pickle.dumps(model)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.rank(QUERY, PASSAGES) == model.rank(QUERY, PASSAGES)


def test_a_folder_of_that_name_goes_first(
    one_label: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(one_label, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    assert CrossEncoder("tiny").predict([("a", "b")]) == CrossEncoder(str(one_label)).predict(
        [("a", "b")]
    )
