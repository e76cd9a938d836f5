"""Candidates in every form, and those that were reranked before they came."""

from __future__ import annotations

import warnings
from collections import namedtuple
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from tamis import Cascade, CascadeWarning
from tamis import stages as s

from .kinds import length


@dataclass
class Page:
    body: str
    doc_id: int


class LikePandasNA:
    """What comparing it gives is neither true nor false."""

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


def ranked(given: Any, **how: Any) -> Any:
    score = s.callable(lambda q, d: range(len(d)), keep=9, limit=9, name="last first")
    return Cascade([score]).run("q", given, **how)


def test_documents_stay_the_callers_own_objects() -> None:
    pages = [Page("one", 7), Page("two", 8)]
    result = ranked(pages, text="body")
    assert [hit.document for hit in result.hits] == [pages[1], pages[0]]
    assert result.hits[0].document is pages[1]
    assert [hit.id for hit in result.hits] == ["8", "7"]
    joined = ranked([{"title": "a", "body": "b"}], fields=["title", "body"])
    assert joined.hits[0].text == "a\nb"


def test_fields_that_are_an_iterator_are_those_of_every_query() -> None:
    cascade = Cascade([s.callable(lambda q, d: range(len(d)), keep=9, limit=9)])
    lists = [[{"title": "a", "body": "b"}], [{"title": "c", "body": "d"}]]
    results = cascade.run_many(["q", "r"], lists, fields=iter(["title", "body"]))  # type: ignore[arg-type]
    assert [result.hits[0].text for result in results] == ["a\nb", "c\nd"]


def test_a_namedtuple_with_a_text_is_a_document() -> None:
    book, hit = namedtuple("Book", "text year"), namedtuple("Hit", "document score")
    chapter = namedtuple("Chapter", "title number")
    found = ranked([book("a", 1999), hit("b", 2.0), ("c", 3.0)]).hits[::-1]
    assert [one.document for one in found] == [book("a", 1999), "b", "c"]
    assert [one.text for one in found] == ["a", "b", "c"]
    assert [one.scores.get("input") for one in found] == [None, 2.0, 3.0]
    for how in ({"text": "title"}, {"fields": ["title"]}):
        assert ranked([chapter("d", 7)], **how).hits[0].document == chapter("d", 7)
    scored = namedtuple("Scored", "text score")("e", 0.5)
    assert ranked([scored]).hits[0].document is scored
    assert ranked([scored]).hits[0].scores["input"] == 0.5
    around = namedtuple("Around", "content score")({"text": "f"}, 0.5)
    assert ranked([around]).hits[0].document == {"text": "f"}


def test_ids_and_scores_come_from_where_they_are() -> None:
    given = [
        {"_id": "x", "text": "a", "score": 3.0},
        ({"id": 5, "content": "b"}, 2.0),
        ("c", 1),
        ({"doc_id": "0", "text": "d", "score": float("nan")}),
    ]
    hits = ranked(given).hits
    assert [hit.id for hit in hits] == ["0", "2", "5", "x"]
    assert [hit.scores.get("input") for hit in hits] == [None, 1.0, 2.0, 3.0]
    assert hits[2].document == {"id": 5, "content": "b"}


def test_an_id_may_be_of_any_type() -> None:
    name = UUID(int=7)

    class Method:
        text = "d"

        def id(self) -> int:
            return 1

    missing = ["", float("nan"), np.datetime64("NaT"), np.array([1, 2]), LikePandasNA()]
    given = [{"id": name, "text": "a"}, {"id": (1, "x"), "text": "b"}, {"id": 2.5, "text": "c"}]
    hits = ranked([*given, Method(), *({"id": one, "text": "e"} for one in missing)]).hits
    ids = [hit.id for hit in sorted(hits, key=lambda hit: hit.index)]
    assert ids[:3] == [str(name), "(1, 'x')", "2.5"]
    assert ids[3:] == [str(place) for place in range(3, 4 + len(missing))]
    assert ranked([{"id": float("nan"), "doc_id": name, "text": "a"}]).hits[0].id == str(name)


def test_a_score_beyond_floats_is_none() -> None:
    for item in ({"text": "a", "score": 10**400}, ("a", -(10**400)), ("a", 1e300)):
        assert ranked([item]).hits[0].scores.get("input") is None


def test_a_place_is_no_id_that_somebody_has() -> None:
    hits = ranked(["a", {"id": "0", "text": "b"}, {"id": "#0", "text": "c"}]).hits
    assert [hit.id for hit in hits] == ["#0", "0", "##0"]


def test_a_callback_sees_the_callers_objects() -> None:
    seen: list[Any] = []

    def look(query: str, documents: list[Any]) -> list[float]:
        seen.extend(documents)
        return [0.0] * len(documents)

    pages = [Page("one", 7), Page("two", 8)]
    Cascade([s.callable(look, keep=2, limit=2)]).run("q", pages, text="body")
    assert seen == pages
    assert all(mine is theirs for mine, theirs in zip(seen, pages, strict=True))


@pytest.mark.parametrize(
    ("document", "by"),
    [
        ({"text": "a", "relevance_score": 0.9}, "relevance_score"),
        ({"text": "a", "metadata": {"rerank_score": 0.9}}, "rerank_score"),
        ({"text": "a", "meta": {"reranked_by": "cohere"}}, "cohere"),
        ({"text": "a", "metadata": {"retrieval_score": 1}}, "retrieval_score"),
        ({"text": "a", "relevance_score": np.array(0.5)}, "relevance_score"),
        ({"text": "a", "metadata": {"relevance_score": "0.5"}}, "relevance_score"),
    ],
)
def test_a_rerankers_mark_is_warned_of(document: dict[str, Any], by: str) -> None:
    with pytest.warns(CascadeWarning, match=f"were ranked by '{by}' before they came") as caught:
        result = ranked([document])
    assert caught[0].filename == __file__
    assert len(result.trace.stages[0].warnings) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranked([{"text": "a", "metadata": {"relevance_score": None, "score": 1}}])
        ranked([{"text": "a", "metadata": {"relevance_score": "unknown"}}])


def test_a_mark_is_warned_of_behind_other_stages_and_after_a_search() -> None:
    marked = [{"text": "a", "metadata": {"relevance_score": 0.9}}]
    again = s.callable(lambda q, d: [0.0] * len(d), keep=5, name="again")
    with pytest.warns(CascadeWarning, match="'again' pays again"):
        Cascade([s.deduplicate(keep=5), again]).run("q", marked)
    with pytest.warns(CascadeWarning, match="'again' pays again"):
        Cascade([s.retrieve(lambda q: marked, keep=5), again]).run("q")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Cascade([s.deduplicate(keep=5)]).run("q", marked)


def test_langchain_documents_and_retrievers() -> None:
    core = pytest.importorskip("langchain_core")
    assert core
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Retriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [
                Document(page_content="a", id="one"),
                Document(page_content="bbb", metadata={"source": query}),
            ]

    cascade = Cascade([s.retrieve(Retriever(), keep=5), s.callable(text_length, keep=5)])
    hits = cascade.run("q").hits
    assert [hit.id for hit in hits] == ["1", "one"]
    assert hits[0].document.metadata == {"source": "q"}
    with pytest.warns(CascadeWarning, match="relevance_score"):
        ranked([Document(page_content="a", metadata={"relevance_score": 0.5})])


def text_length(query: str, documents: list[Any]) -> list[float]:
    return [float(len(document.page_content)) for document in documents]


def test_llama_index_nodes_and_retrievers() -> None:
    schema = pytest.importorskip("llama_index.core.schema")
    from llama_index.core.retrievers import BaseRetriever

    class Retriever(BaseRetriever):  # type: ignore[misc]
        def _retrieve(self, query_bundle: Any) -> list[Any]:
            nodes = [schema.TextNode(text="a", id_="one"), schema.TextNode(text="bbb", id_="two")]
            return [schema.NodeWithScore(node=node, score=0.5) for node in nodes]

    cascade = Cascade(
        [
            s.retrieve(Retriever(), keep=5),
            s.callable(lambda q, d: [float(len(one.text)) for one in d], keep=5),
        ]
    )
    hits = cascade.run("q").hits
    assert [hit.id for hit in hits] == ["two", "one"]
    assert list(hits[0].scores.values()) == [0.5, 3.0]
    assert isinstance(hits[0].document, schema.NodeWithScore)


def test_an_index_is_asked_for_as_many_as_are_kept() -> None:
    asked = []

    class Index:
        def search(self, query: str, k: int) -> list[tuple[str, float]]:
            asked.append((query, k))
            return [("a", 2.0), ("bb", 1.0)]

    Cascade([s.retrieve(Index(), keep=5), s.callable(length, keep=5)]).run("q")
    Cascade([s.retrieve(Index(), keep=5, limit=50)]).run("q")
    assert asked == [("q", 5), ("q", 50)]
