"""One vector for each text: equal to sentence-transformers, in any company."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from tamis import Cancelled, CancelToken, InvalidArgument, LateInteraction, ModelError
from tamis.errors import TruncationError, TruncationWarning

from .texts import TEXTS

LONG = "banana " * 900


@pytest.fixture(scope="module")
def model(minilm: Path) -> LateInteraction:
    return LateInteraction(minilm, max_length=256)


def with_pooling(minilm: Path, folder: Path, config: object) -> Path:
    """A copy of the model's folder that embeds in another way."""
    shutil.copytree(minilm, folder)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    return folder


def test_equal_to_sentence_transformers(minilm: Path, model: LateInteraction) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    expected = sentence_transformers.SentenceTransformer(str(minilm), device="cpu").encode(
        [*TEXTS, LONG], show_progress_bar=False
    )
    vectors = model.embed_passages([*TEXTS, LONG], on_truncation="ignore")
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_array_equal(model.embed_queries(TEXTS), vectors[:-1])


@pytest.mark.parametrize(
    "config",
    [
        {"embedding_dimension": 384, "pooling_mode": "cls"},
        {"word_embedding_dimension": 384, "pooling_mode_cls_token": True},
    ],
)
def test_models_that_embed_by_their_first_token(
    minilm: Path, tmp_path: Path, config: object
) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = with_pooling(minilm, tmp_path / "model", config)
    expected = sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(LateInteraction(folder).embed_passages(TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["max", ["mean", "cls"], "lasttoken"])
def test_other_ways_are_refused(minilm: Path, tmp_path: Path, mode: object) -> None:
    folder = with_pooling(minilm, tmp_path / "model", {"pooling_mode": mode})
    with pytest.raises(ModelError, match="the mean of the tokens and the first token"):
        LateInteraction(folder).embed_passages(TEXTS)


def test_each_side_has_its_prefix(minilm: Path, model: LateInteraction) -> None:
    prefixed = LateInteraction(minilm, query_prefix="query: ", passage_prefix="passage: ")
    for side in ("query", "passage"):
        embed = prefixed.embed_queries if side == "query" else prefixed.embed_passages
        written = model.embed_passages([f"{side}: {text}" for text in TEXTS[:3]])
        np.testing.assert_array_equal(embed(TEXTS[:3]), written)
    assert prefixed.fingerprint != model.fingerprint


def test_the_default_model() -> None:
    vectors = LateInteraction().embed_passages(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[1] @ vectors[0] > vectors[3] @ vectors[0]


def test_passages_that_were_encoded_have_the_same_vectors(model: LateInteraction) -> None:
    means = model.encode_passages(TEXTS).means
    np.testing.assert_allclose(means, model.embed_passages(TEXTS), atol=2e-3)
    assert model.encode_passages([]).means.shape == (0, 384)


def test_the_same_bits_in_any_company(model: LateInteraction) -> None:
    together = model.embed_passages(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(model.embed_passages([text])[0], vector)
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.embed_passages(TEXTS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_array_equal(vectors, together)


def test_no_texts(model: LateInteraction) -> None:
    assert model.embed_passages([]).shape == (0, 384)


def test_what_is_cut_is_said(model: LateInteraction) -> None:
    with pytest.warns(TruncationWarning, match="1 of 2 passages were longer than the 256 tokens"):
        model.embed_passages(["short", LONG])
    with pytest.raises(TruncationError, match="query 1 is "):
        model.embed_queries(["short", LONG], on_truncation="error")
    with pytest.raises(InvalidArgument, match="on_truncation"):
        model.embed_queries(["short"], on_truncation="window")  # type: ignore[arg-type]


def test_progress_and_cancel(model: LateInteraction) -> None:
    seen: list[tuple[int, int]] = []
    model.embed_passages(TEXTS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXTS), len(TEXTS))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        model.embed_passages(TEXTS, cancel=cancel)
