"""Searching: every source and fusion, callers' mistakes, threads."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tamis import Cascade, Index, InvalidArgument, LateInteraction, RetrievalError, stages
from tamis.retrieval import FUSIONS, fusion
from tamis.retrieval.dense import Dense

DOCUMENTS: list[Any] = [
    {"id": "panda", "title": "Pandas", "text": "Bamboo, mostly; 12 to 38 kg of it a day."},
    {"_id": "treaty", "text": "The Peace of Westphalia was signed in 1648 in Osnabrück."},
    "Berlin had 3,520,031 inhabitants in 2016.",
    SimpleNamespace(page_content="Bananas are yellow and grow in warm countries.", metadata={}),
    {"id": "tokyo", "text": "東京は日本の首都です。"},
]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.build(DOCUMENTS, token_vectors=True)


def ids(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["id"] for hit in hits]


def test_a_cascade_blends_with_its_sources(index: Index) -> None:
    assert index.sources == ("bm25", "dense")
    found = stages.retrieve(index, keep=4)

    def order(source: str) -> list[str]:
        flat = stages.callable(lambda q, d: [0.0] * len(d), keep=4, blend={source: 1.0})
        return [hit.id for hit in Cascade([found, flat]).run("Berlin bananas 1648").hits]

    for source in index.sources:
        hits = index.search("Berlin bananas 1648", 4)
        scores = {hit["id"]: hit["scores"].get(source) for hit in hits}
        low = min(score for score in scores.values() if score is not None)
        expected = sorted(scores, key=lambda name: -(low if scores[name] is None else scores[name]))
        assert order(source) == expected
    with pytest.raises(InvalidArgument, match="nor a source"):
        order("words")


@pytest.mark.parametrize("how", FUSIONS)
def test_every_fusion_finds_the_passage(index: Index, how: Any) -> None:
    hits = index.search("when was the peace of Westphalia signed?", 3, fusion=how)
    assert hits[0]["id"] == "treaty"
    assert hits[0]["text"] == DOCUMENTS[1]["text"]
    assert set(hits[0]["scores"]) == ({how} if how in ("bm25", "dense") else {"bm25", "dense"})
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len(set(ids(hits))) == len(hits) <= 3


def test_what_a_hit_is(index: Index) -> None:
    hit = index.search("what do pandas eat?", 1)[0]
    assert hit["id"] == "panda"
    assert hit["title"] == "Pandas"
    assert hit["text"] == "Pandas\n" + DOCUMENTS[0]["text"]
    assert hit["row"] == 0
    assert index[0] == {name: hit[name] for name in ("id", "text", "title")}
    assert ids(index.search("日本の首都", 1, fusion="bm25")) == ["tokyo"]
    assert ids(index.search("yellow fruit", 1)) == ["3"]


def test_its_passages_one_by_one(index: Index, tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    for own in (index, Index.open(tmp_path / "index")):
        passages = list(own)
        assert passages == [own[row] for row in range(len(DOCUMENTS))]
        assert own[2] in own
        assert {"id": "nobody", "text": ""} not in own
        assert list(reversed(own)) == passages[::-1]


def test_fusions_by_hand() -> None:
    bm25, dense = [3, 1, 2], [2, 5, 3]
    assert fusion.reciprocal_rank([bm25, dense]) == [
        (2, 1 / 63 + 1 / 61),
        (3, 1 / 61 + 1 / 63),
        (1, 1 / 62),
        (5, 1 / 62),
    ]
    assert fusion.union([bm25, dense]) == [(3, 1.0), (2, 1.0), (1, 0.5), (5, 0.5)]
    assert fusion.union([[], dense]) == [(2, 1.0), (5, 0.5), (3, 1 / 3)]


def test_dense_scores_are_cosines(index: Index) -> None:
    model = LateInteraction()
    query = "how many people live in Berlin?"
    hits = index.search(query, 5, fusion="dense")
    expected = model.embed_passages([hit["text"] for hit in hits]) @ model.embed_queries([query])[0]
    np.testing.assert_allclose([hit["score"] for hit in hits], expected, atol=3e-3)


def test_the_graph_finds_nearly_all_neighbours() -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(3000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    dense = Dense.build(vectors)
    found = 0
    for query in vectors[:20] + 0.3 * vectors[20:40]:
        exact = np.argsort(-(vectors @ query))[:200]
        rows, scores = dense.top(query, 200)
        assert np.all(np.diff(scores) <= 0)
        found += len(np.intersect1d(exact, rows))
    assert found / (20 * 200) > 0.9


def test_compare_is_late_interaction(index: Index) -> None:
    query = "when was the treaty signed?"
    hits = index.search(query, 4)
    model = LateInteraction()
    expected = model.score(query, model.encode_passages([hit["text"] for hit in hits]))
    np.testing.assert_array_equal(index.compare(query, hits), expected)
    assert index.compare(query, []).shape == (0,)
    for stranger in ({"id": "x", "text": "t"}, {"row": 99}, "text"):
        with pytest.raises(InvalidArgument, match="hit 0 is not of this index"):
            index.compare(query, [stranger])  # type: ignore[list-item]
    numpys = [hit | {"row": np.int64(hit["row"])} for hit in hits]
    np.testing.assert_array_equal(index.compare(query, numpys), expected)
    other = Index.build(["Another text.", "And one more."], dense=False)
    with pytest.raises(InvalidArgument, match="hit 0 is not of this index"):
        index.compare(query, other.search("text"))


def test_many_queries_are_one_by_one(index: Index) -> None:
    queries = ["berlin", "", "bamboo", {"text": "yellow"}]
    together = index.search_many(queries, 3)
    assert together == [index.search(query, 3) for query in queries]
    assert together[1] == []
    assert index.search_many([], 3) == []


def test_many_threads(index: Index) -> None:
    queries = [f"{word} {other}" for word in ("berlin", "bamboo", "1648") for other in ("", "x")]
    expected = [index.search(query, 5) for query in queries]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            for query, hits in zip(queries, expected, strict=True):
                if index.search(query, 5) != hits:
                    wrong.append(query)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_without_dense_vectors() -> None:
    index = Index.build(DOCUMENTS, dense=False, language=None)
    assert ids(index.search("Westphalia", 5)) == ["treaty"]
    assert index.search("unknown words", 5) == []
    assert repr(index) == "Index(5 passages, bm25)"
    with pytest.raises(InvalidArgument, match="fusion='rrf' needs dense vectors"):
        index.search("Westphalia", 5, fusion="rrf")
    with pytest.raises(RetrievalError, match="keeps no token vectors"):
        index.compare("Westphalia", [])


def test_texts_without_words() -> None:
    index = Index.build(["", "?!", "word"], dense=False)
    assert ids(index.search("word", 5)) == ["2"]
    assert Index.build(["?!"], dense=False).search("word", 5) == []


@pytest.mark.parametrize("k", [0, -1, 1.5, True, None])
def test_bad_k(index: Index, k: Any) -> None:
    with pytest.raises(InvalidArgument, match="k must be a positive integer"):
        index.search("q", k)


def test_bad_input(index: Index) -> None:
    with pytest.raises(InvalidArgument, match="fusion must be one of 'rrf', 'union', 'bm25'"):
        index.search("q", 3, fusion="sum")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="the query must be a str"):
        index.search(None)
    with pytest.raises(InvalidArgument, match="no documents to index"):
        Index.build([])
    with pytest.raises(InvalidArgument, match="passages 0 and 1 have the same id 'x'"):
        Index.build([{"id": "x", "text": "a"}, {"id": "x", "text": "b"}], dense=False)
    with pytest.raises(InvalidArgument, match="model= makes dense vectors"):
        Index.build(["a"], dense=False, model="tiny")
    unnamed = [{"id": None, "text": "a"}, {"id": "", "text": "b"}, {"id": "1", "text": "c"}, "d"]
    assert [hit["id"] for hit in Index.build(unnamed, dense=False)] == ["0", "#1", "1", "3"]
    with pytest.raises(InvalidArgument, match="document 0 is a dict without"):
        Index.build([{"id": "x"}], dense=False)
    with pytest.raises(InvalidArgument, match="there is no row 5"):
        index[5]
