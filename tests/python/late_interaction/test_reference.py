"""Logits equal those of PyTorch, up to what int8 token vectors cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tamis
from tamis import LateInteraction

from .conftest import Reference
from .definition import interaction
from .texts import TEXTS

QUERIES = ["how many people live in berlin?", "what do pandas eat", "", "café 東京"]
DEFAULT = Path(tamis.__file__).parent / "models" / "default"


@pytest.fixture(scope="module")
def default_reference() -> Reference:
    """training/model.py with every layer closed."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = interaction(DEFAULT)
    tokenizer = transformers.BertTokenizerFast(str(DEFAULT / "vocab.txt"))

    def states(text: str, segment: int) -> tuple[object, object]:
        ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=512)["input_ids"]
        mask = torch.ones_like(ids, dtype=torch.bool)
        return model.closed(ids, mask, segment, model.config.num_hidden_layers), mask

    def score(query: str, passages: list[str]) -> np.ndarray:
        with torch.no_grad():
            q = states(query, 0)
            return np.array([float(model.readout(*q, *states(p, 1))) for p in passages])

    return score


@pytest.mark.parametrize("query", QUERIES)
def test_minilm(minilm: Path, minilm_reference: Reference, query: str) -> None:
    model = LateInteraction(minilm)
    scores = model.score(query, model.encode_passages(TEXTS))
    expected = minilm_reference(query, TEXTS)
    np.testing.assert_allclose(scores, expected, atol=4e-3)
    assert np.corrcoef(scores, expected)[0, 1] > 0.9999


@pytest.mark.parametrize("query", QUERIES)
def test_default_model(default_reference: Reference, query: str) -> None:
    model = LateInteraction()
    scores = model.score(query, model.encode_passages(TEXTS))
    np.testing.assert_allclose(scores, default_reference(query, TEXTS), atol=3e-2)


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (2.0, 0.5)])
def test_weights(minilm: Path, weights: tuple[float, float]) -> None:
    apart = []
    for maxsim, cosine in ((1.0, 0.0), (0.0, 1.0), weights):
        model = LateInteraction(minilm, maxsim_weight=maxsim, cosine_weight=cosine)
        apart.append(model.score(QUERIES[0], model.encode_passages(TEXTS)))
    np.testing.assert_allclose(apart[2], weights[0] * apart[0] + weights[1] * apart[1], atol=1e-5)


def test_prefixes(minilm: Path) -> None:
    prefixed = LateInteraction(minilm, query_prefix="query: ", passage_prefix="passage: ")
    plain = LateInteraction(minilm)
    written = plain.encode_passages(["passage: " + text for text in TEXTS])
    np.testing.assert_array_equal(
        prefixed.score(QUERIES[0], prefixed.encode_passages(TEXTS)),
        plain.score("query: " + QUERIES[0], written),
    )


@pytest.mark.parametrize("precision", ["bf16", "fp16", "int8", "auto"])
def test_precisions(minilm: Path, minilm_reference: Reference, precision: str) -> None:
    model = LateInteraction(minilm, precision=precision)
    scores = model.score(QUERIES[0], model.encode_passages(TEXTS))
    np.testing.assert_allclose(scores, minilm_reference(QUERIES[0], TEXTS), atol=0.08)
