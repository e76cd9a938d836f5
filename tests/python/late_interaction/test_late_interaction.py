"""What users see: rankings like CrossEncoder's, nothing cut in silence, files, coroutines."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import LateInteraction

from .texts import TEXTS

QUERY = "how many people live in berlin?"
LONG = "banana " * 900


@pytest.fixture(scope="module")
def model() -> LateInteraction:
    return LateInteraction()


def test_rank_is_like_cross_encoders(model: LateInteraction) -> None:
    hits = model.rank(QUERY, TEXTS, top_k=3, return_documents=True)
    assert [set(hit) for hit in hits] == [{"corpus_id", "score", "text"}] * 3
    assert hits[0]["corpus_id"] == 0
    assert [hit["score"] for hit in hits] == sorted((h["score"] for h in hits), reverse=True)
    kept = model.encode_passages(TEXTS)
    assert [h["corpus_id"] for h in model.rank(QUERY, kept)] == [
        h["corpus_id"] for h in model.rank(QUERY, TEXTS)
    ]
    assert len(model.rank(QUERY, kept, min_score=hits[1]["score"])) == 3  # two are equal
    assert model.rank(QUERY, []) == []


def test_documents_of_any_kind(model: LateInteraction) -> None:
    documents = [{"title": "Berlin", "body": "a city"}, {"title": "Banana", "body": "a fruit"}]
    hits = model.rank("banana", documents, fields=["title", "body"], return_documents=True)
    assert hits[0]["document"] is documents[1]
    assert len(model.encode_passages(documents, text="body")) == 2


def test_equal_texts_tie(model: LateInteraction) -> None:
    scores = model.score(QUERY, model.encode_passages(TEXTS))
    assert scores[1] == scores[8]
    assert scores.dtype == np.float32


def test_nothing_is_cut_in_silence(model: LateInteraction) -> None:
    with pytest.warns(tamis.TruncationWarning, match="1 of 2 passages"):
        passages = model.encode_passages(["short", LONG])
    assert passages.tokens_cut.tolist() == [0, 900 + 2 - model.max_length]
    with pytest.warns(tamis.TruncationWarning, match="1 of 1 queries"):
        model.score(LONG, passages)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranked = model.rank_with_report(LONG, ["short", LONG], on_truncation="ignore")
    assert ranked.report.pairs_cut == 2
    with pytest.raises(tamis.TruncationError, match="passage 1"):
        model.rank(QUERY, ["short", LONG], on_truncation="error")
    with pytest.raises(tamis.InvalidArgument, match="on_truncation"):
        model.rank(QUERY, ["short"], on_truncation="window")  # type: ignore[arg-type]


def test_files(model: LateInteraction, tmp_path: Path) -> None:
    passages = model.encode_passages(TEXTS)
    passages.save(tmp_path / "passages")
    opened = model.open_passages(tmp_path / "passages")
    np.testing.assert_array_equal(model.score(QUERY, opened), model.score(QUERY, passages))
    some = opened.select([4, 1])
    assert len(some) == 2
    np.testing.assert_array_equal(model.score(QUERY, some), model.score(QUERY, opened)[[4, 1]])
    (tmp_path / "broken").write_bytes((tmp_path / "passages").read_bytes()[:-1])
    with pytest.raises(tamis.ModelError, match="cut or damaged"):
        model.open_passages(tmp_path / "broken")
    with pytest.raises(tamis.ModelError):
        model.open_passages(tmp_path / "absent")


def test_another_models_passages(model: LateInteraction, minilm: Path, tmp_path: Path) -> None:
    other = LateInteraction(minilm)
    passages = other.encode_passages(TEXTS)
    passages.save(tmp_path / "passages")
    with pytest.raises(tamis.InvalidArgument, match="another model"):
        model.score(QUERY, passages)
    with pytest.raises(tamis.ModelError, match="another model"):
        model.open_passages(tmp_path / "passages")


def test_bad_input(model: LateInteraction, one_label: Path) -> None:
    with pytest.raises(tamis.InvalidArgument, match="document 1"):
        model.rank(QUERY, ["a", None])
    with pytest.raises(tamis.InvalidArgument, match="the query"):
        model.rank(3, ["a"])
    with pytest.raises(tamis.InvalidArgument, match="encode_passages"):
        model.score(QUERY, ["a"])  # type: ignore[arg-type]
    with pytest.raises(tamis.InvalidArgument, match="keep no texts"):
        model.rank(QUERY, model.encode_passages(["a"]), return_documents=True)
    with pytest.raises(tamis.InvalidArgument, match="cache_bytes"):
        LateInteraction(cache_bytes=-1)
    with pytest.raises(tamis.ModelError, match="is a cross-encoder"):
        LateInteraction(one_label)


@pytest.mark.parametrize("name", [None, "tiny"])
def test_a_model_with_weights_of_its_own_refuses_others(name: str | None, minilm: Path) -> None:
    for weights, said in (
        ({"maxsim_weight": 1.0}, "^maxsim_weight cannot be given"),
        ({"maxsim_weight": 50.0, "cosine_weight": -3}, "^maxsim_weight and cosine_weight cannot"),
        ({"cosine_weight": "3"}, "^cosine_weight must be a finite number"),
    ):
        with pytest.raises(tamis.InvalidArgument, match=said):
            LateInteraction(name, **weights)  # type: ignore[arg-type]
    plain = LateInteraction(minilm, cosine_weight=0.0)
    again = pickle.loads(pickle.dumps(plain))
    passages = plain.encode_passages(TEXTS)
    np.testing.assert_array_equal(again.score(QUERY, passages), plain.score(QUERY, passages))
    assert not np.allclose(
        LateInteraction(minilm).score(QUERY, passages), plain.score(QUERY, passages)
    )


def test_copies(model: LateInteraction) -> None:
    expected = model.score(QUERY, model.encode_passages(TEXTS))
    assert copy.deepcopy(model) is model
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.score(QUERY, model.encode_passages(TEXTS)), expected)


def test_threads(model: LateInteraction) -> None:
    expected = model.rank(QUERY, TEXTS)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(model.rank(QUERY, TEXTS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_coroutines_and_cancelling(model: LateInteraction) -> None:
    assert asyncio.run(model.arank(QUERY, TEXTS, 1)) == model.rank(QUERY, TEXTS, top_k=1)
    token = tamis.CancelToken()
    token.cancel()
    with pytest.raises(tamis.Cancelled):
        model.rank(QUERY, ["nobody encoded this"], cancel=token)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=60), max_size=6), st.text(max_size=30))
def test_any_text_has_a_score(texts: list[str], query: str) -> None:
    model = LateInteraction()
    scores = model.score(query, model.encode_passages(texts))
    assert np.isfinite(scores).all()
    for i, text in enumerate(texts):
        assert model.score(query, model.encode_passages([text]))[0] == scores[i]
