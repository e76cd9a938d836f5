"""What every first stage keeps to, whatever it searches."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tamis import Cancelled, CancelToken, Cascade, Index, stores
from tamis import stages as s

from . import services
from .databases import HOSTILE, make_postgres, make_sqlite

DOCUMENTS = [(f"d{i}", f"berlin and {'many ' * i}rivers") for i in range(6)] + [
    ("e", "bananas are yellow"),
    ("f", "wine, \\ tab\t and\nline"),
]
STORES = ["sqlite", "postgres", "opensearch", "elasticsearch", "qdrant"]
KINDS = ["index", "function", *STORES]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: Any) -> Iterator[Callable[[str, Any], Any]]:
    """A source of that kind over DOCUMENTS, made when it is first asked for."""
    made: dict[str, Any] = {}
    with ExitStack() as stack:

        def make(kind: str, request: pytest.FixtureRequest) -> Any:
            if kind == "sqlite":
                path: Path = make_sqlite(tmp_path_factory.mktemp("docs") / "docs.db", DOCUMENTS)
                return stores.sqlite(path, table="docs", id="id")
            if kind == "postgres":
                server = request.getfixturevalue("server")
                make_postgres(server, "conformance", DOCUMENTS)
                return stores.postgres(
                    server.url, schema="conformance", table="docs", tsvector="words"
                )
            if kind == "qdrant":
                service = stack.enter_context(services.serving(services.qdrant(DOCUMENTS)))
                return stores.qdrant(service.url, collection="docs", id="key", sparse="bm25")
            if kind in ("opensearch", "elasticsearch"):
                service = stack.enter_context(services.serving(services.search_engine(DOCUMENTS)))
                return getattr(stores, kind)(service.url, index="docs")
            index = Index.build([{"id": id, "text": text} for id, text in DOCUMENTS], dense=False)
            return index if kind == "index" else lambda query: index.search(query, 5)

        def source(kind: str, request: pytest.FixtureRequest) -> Any:
            if kind not in made:
                made[kind] = make(kind, request)
            return made[kind]

        yield source


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest, sources: Callable[[str, Any], Any]) -> Any:
    return sources(request.param, request)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, sources: Callable[[str, Any], Any]) -> Any:
    return sources(request.param, request)


def test_the_best_come_first_and_no_more_than_asked_for(source: Any) -> None:
    result = Cascade([s.retrieve(source, keep=5)]).run("berlin")
    assert len(result.hits) == 5
    assert all(hit.text == dict(DOCUMENTS)[hit.id] for hit in result.hits)
    assert all("berlin" in hit.document["text"] for hit in result.hits)
    scores = [hit.scores["retrieve"] for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert not result.trace.degraded


def test_no_candidate_is_lost(source: Any) -> None:
    result = Cascade([s.retrieve(source, keep=2, limit=5)]).run("berlin")
    everyone = [hit.id for hit in result.hits] + [one.id for one in result.trace.stages[0].dropped]
    assert len(everyone) == len(set(everyone)) == result.trace.stages[0].in_ == 5


def test_later_stages_see_the_documents(source: Any) -> None:
    def length(query: str, documents: list[Any]) -> list[float]:
        return [float(len(document["text"])) for document in documents]

    result = Cascade([s.retrieve(source, keep=9), s.callable(length, keep=1)]).run("rivers")
    assert [hit.id for hit in result.hits] == ["d5"] or source.__class__.__name__ == "function"
    assert set(result.hits[0].scores) == {"retrieve", "length"}


def test_nothing_is_found_by_nothing(source: Any) -> None:
    cascade = Cascade([s.retrieve(source, keep=5)])
    for query in ("", " \n\t", "zyzzyva"):
        result = cascade.run(query)
        assert result.hits == []
        assert not result.trace.degraded


def test_a_run_that_is_cancelled_raises(source: Any) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        Cascade([s.retrieve(source, keep=5)]).run("berlin", cancel=token)


def test_64_threads_get_what_one_caller_gets(source: Any) -> None:
    cascade = Cascade([s.retrieve(source, keep=5)])
    queries = ["berlin", "many rivers", "yellow bananas", "wine", ""]
    alone = [cascade.run(query).hits for query in queries]
    together = threading.Barrier(64)

    def job(_: int) -> Any:
        together.wait(60)
        return [cascade.run(query).hits for query in queries]

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(job, range(64))) == [alone] * 64


def status_of_child(store: Any, expected: Any) -> int:
    """0 when a forked child finds what is expected."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a deadlock ends as a failure
        status = 1
        try:
            status = int(store.search("berlin", 3) != expected)
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_forked_child_leaves_its_parent_the_connections(
    kind: str, sources: Callable[[str, Any], Any], request: pytest.FixtureRequest
) -> None:
    store = sources(kind, request)
    before = store.search("berlin", 3)
    assert status_of_child(store, before) == 0
    assert store.search("berlin", 3) == before


@pytest.mark.parametrize("kind", STORES)
def test_children_search_while_other_threads_do(
    kind: str, sources: Callable[[str, Any], Any], request: pytest.FixtureRequest
) -> None:
    store = sources(kind, request)
    before = store.search("berlin", 3)
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            assert store.search("berlin", 3) == before

    with ThreadPoolExecutor(8) as pool:
        busy = [pool.submit(search) for _ in range(8)]
        try:
            for _ in range(20):
                assert status_of_child(store, before) == 0
        finally:
            stop.set()
        for job in busy:
            job.result()


def test_several_queries_in_step_get_what_each_gets_alone(source: Any) -> None:
    cascade = Cascade([s.retrieve(source, keep=5)])
    queries = ["berlin", "", "many rivers", "berlin"]
    together = cascade.run_many(queries)
    assert [one.hits for one in together] == [cascade.run(query).hits for query in queries]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_a_query(store: Any, query: str) -> None:
    result = Cascade([s.retrieve(store, keep=9, on_error="raise")]).run(query)
    found = {hit.id for hit in result.hits}
    assert {f"d{i}" for i in range(6)} <= found
    assert store.search(query, 9) == [hit.document for hit in result.hits]


def test_a_budget_of_nothing_skips_the_stage(store: Any) -> None:
    result = Cascade([s.retrieve(store, keep=9)]).run("berlin", budget_ms=0)
    assert result.hits == []
    assert result.trace.degraded
    assert "deadline" in result.trace.stages[0].skipped


def test_wrong_counts_and_texts_are_refused(store: Any) -> None:
    for k in (0, -1, 1.5, True, None):
        with pytest.raises(ValueError, match="k must be"):
            store.search("berlin", k)
    with pytest.raises(ValueError, match="query"):
        store.search(3)
    with pytest.raises(ValueError, match="knows its texts"):
        s.retrieve(store, keep=5, text="body")
    with pytest.raises(ValueError, match="limit"):
        s.retrieve(store, keep=5, limit=-1)
