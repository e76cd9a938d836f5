"""Databases that are dead, slow or not what they should be, and callers that give up."""

from __future__ import annotations

import asyncio
import importlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tamis import (
    Cascade,
    CascadeWarning,
    Error,
    InvalidArgument,
    RemoteError,
    RetrievalError,
    StageError,
    stores,
)
from tamis import stages as s

from . import services
from .databases import make_postgres, make_sqlite
from .postgres_server import PostgresServer

SECRET = "s3cret-word"


def nobody_there(kind: str) -> stores.Store:
    if kind == "postgres":
        return stores.postgres(f"postgresql://me:{SECRET}@127.0.0.1:1/x", table="docs")
    if kind == "qdrant":
        url = "http://127.0.0.1:1"
        return stores.qdrant(url, collection="docs", sparse="bm25", api_key=SECRET, retries=0)
    return getattr(stores, kind)(f"http://me:{SECRET}@127.0.0.1:1", index="docs", api_key=SECRET)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["postgres", "opensearch", "elasticsearch", "qdrant"])
def test_a_dead_server_is_in_the_trace_and_no_secret_is(kind: str) -> None:
    store = nobody_there(kind)
    with pytest.warns(CascadeWarning, match="failed and was left out"):
        result = Cascade([s.retrieve(store, keep=5, on_error="skip")]).run("berlin")
    assert result.hits == []
    assert result.trace.degraded
    assert "127.0.0.1" in result.trace.stages[0].skipped
    with pytest.raises(StageError) as caught:
        Cascade([s.retrieve(store, keep=5)]).run("berlin")
    assert isinstance(caught.value.__cause__, (RetrievalError, RemoteError))
    told = f"{store!r} {result.trace} {caught.value} {caught.value.__cause__}"
    assert SECRET not in told


@pytest.fixture(scope="module")
def slow(server: PostgresServer) -> stores.Store:
    """A store whose rows come after ten minutes."""
    make_postgres(server, "slow", [("a", "berlin")])
    server.sql("CREATE VIEW slow.view AS SELECT d.* FROM slow.docs AS d, pg_sleep(600)")
    url = f"{server.url}&application_name=slow"
    return stores.postgres(url, schema="slow", table="view", tsvector="words")


def left_alone(server: PostgresServer) -> bool:
    """Whether the server stops working for us within seconds."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slow'"
    for _ in range(100):
        if server.sql(sql) == "0":
            return True
        time.sleep(0.05)
    return False


def test_a_slow_server_is_left_at_the_deadline(server: PostgresServer, slow: stores.Store) -> None:
    result = Cascade([s.retrieve(slow, keep=5)], budget_ms=200).run("berlin")
    assert "deadline" in result.trace.stages[0].skipped
    with pytest.raises(RetrievalError, match="deadline"):
        slow.search("berlin", budget_ms=50)
    assert left_alone(server)


def test_cancelling_a_task_ends_its_search(server: PostgresServer, slow: stores.Store) -> None:
    async def run() -> None:
        task = asyncio.create_task(Cascade([s.retrieve(slow, keep=5)]).arun("berlin"))
        await asyncio.sleep(0.2)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert left_alone(server)


@pytest.mark.parametrize("how", ["search", "stage"])
def test_control_c_ends_a_search(server: PostgresServer, slow: stores.Store, how: str) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    search = slow.search if how == "search" else Cascade([s.retrieve(slow, keep=5)]).run
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            search("berlin")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert left_alone(server)


def test_what_embed_raises_and_returns(tmp_path: Path) -> None:
    def store(embed: Callable[[str], Any]) -> stores.Store:
        return stores.qdrant("http://127.0.0.1:1", collection="docs", embed=embed)

    def broken(query: str) -> Any:
        raise KeyError("no model")

    with pytest.raises(KeyError, match="no model"):
        store(broken).search("berlin")
    with pytest.raises(StageError, match="no model"):
        Cascade([s.retrieve(store(broken), keep=5)]).run("berlin")
    for vector in ([[1.0, 2.0], [3.0, 4.0]], "text", [], [float("nan")]):
        with pytest.raises((ValueError, RetrievalError)):
            store(lambda query, vector=vector: vector).search("berlin")  # type: ignore[misc]
    with pytest.raises(RemoteError):
        store(lambda query: [[1.0, 2.0]]).search("berlin")  # one vector in a list: asked


def test_what_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    path = make_sqlite(tmp_path / "docs.db", [("a", "berlin")])
    for make in (
        lambda: stores.sqlite(path, table=""),
        lambda: stores.sqlite(path, table="docs", embed=lambda query: [1.0]),
        lambda: stores.sqlite(path, table="docs", fusion="dense"),
        lambda: stores.sqlite(path, table="docs", fusion="bm25"),  # type: ignore[arg-type]
        lambda: stores.sqlite(path, table="docs", embed="model"),  # type: ignore[arg-type]
        lambda: stores.postgres(f"nonsense {SECRET}", table="docs"),
        lambda: stores.postgres(table="docs", rank="bm25"),  # type: ignore[arg-type]
        lambda: stores.postgres(table="docs", language="a'b"),
        lambda: stores.opensearch(f"ftp://me:{SECRET}@host", index="docs"),
        lambda: stores.qdrant("http://host", collection="docs"),
    ):
        with pytest.raises(InvalidArgument) as caught:
            make()
        assert SECRET not in str(caught.value)
    with pytest.raises(RetrievalError, match="no such table"):
        stores.sqlite(path, table="dogs")
    with pytest.raises(RetrievalError, match="nowhere"):
        stores.sqlite("/nowhere/docs.db", table="docs")


def test_a_build_without_the_module_says_what_to_install(monkeypatch: Any) -> None:
    def absent(name: str) -> Any:
        raise ImportError("libpq.so.5: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(Error, match=r"libpq\.so\.5.*libpq-dev"):
        stores.sqlite("docs.db", table="docs")


def test_requests_equal_those_of_opensearch_py() -> None:
    opensearchpy = pytest.importorskip("opensearchpy")
    with services.serving(services.search_engine([("a", "berlin")])) as service:
        ours = stores.opensearch(service.url, index="my docs").search("who is berlin?", 7)
        body = {
            "size": 7,
            "_source": ["text"],
            "query": {"match": {"text": {"query": "who is berlin?"}}},
        }
        client = opensearchpy.OpenSearch(service.url)
        theirs = client.search(
            index="my docs", body=body, params={"allow_partial_search_results": "false"}
        )
    mine, peer = service.asked
    assert (mine.path, mine.json) == (peer.path, peer.json)
    assert [hit["id"] for hit in ours] == [hit["_id"] for hit in theirs["hits"]["hits"]]


def test_requests_equal_those_of_qdrant_client() -> None:
    qdrant_client = pytest.importorskip("qdrant_client")
    models = qdrant_client.models

    def answer(asked: Any) -> tuple[int, Any]:
        point = {"id": 7, "version": 0, "score": 0.5, "payload": {"text": "berlin"}}
        return 200, {"result": {"points": [point]}, "status": "ok", "time": 0.001}

    with services.serving(answer) as service:
        client = qdrant_client.QdrantClient(url=service.url, check_compatibility=False)
        for using, query in (
            (None, [0.5, 0.25]),
            ("mini", [0.5, 0.25]),
            ("bm25", models.Document(text="berlin", model="qdrant/bm25")),
        ):
            dense = isinstance(query, list)
            stores.qdrant(
                service.url,
                collection="my docs",
                vector=using or "" if dense else "",
                sparse="" if dense else "bm25",
                embed=(lambda _: [0.5, 0.25]) if dense else None,
            ).search("berlin", 7)
            request = models.QueryRequest(query=query, using=using, limit=7, with_payload=["text"])
            client.http.search_api.query_points(collection_name="my docs", query_request=request)
            mine, peer = service.asked[-2:]
            assert (mine.path, mine.json) == (peer.path, peer.json)
