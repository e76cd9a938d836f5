"""SciFact through real databases: what they find is near to what our own BM25 finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamis import Cascade, Index, LateInteraction, stores
from tamis import stages as s
from tamis.eval import evaluate, mean

from .databases import Documents, add_vectors, make_postgres, make_sqlite, scifact
from .postgres_server import PostgresServer

Claims = list[tuple[str, set[str]]]
Search = Callable[[str, int], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def collection() -> tuple[Documents, Claims]:
    return scifact()


@pytest.fixture(scope="module")
def sqlite_path(collection: tuple[Documents, Claims], tmp_path_factory: Any) -> Path:
    return make_sqlite(tmp_path_factory.mktemp("scifact") / "docs.db", collection[0])


def measured(search: Search, claims: Claims) -> tuple[float, float]:
    """(recall@100, nDCG@10), means."""
    run = {claim: [hit["id"] for hit in search(claim, 100)] for claim, _ in claims}
    qrels = {claim: dict.fromkeys(relevant, 1) for claim, relevant in claims}
    values = evaluate(run, qrels, ["recall@100", "ndcg@10"])
    return mean(values["recall@100"]), mean(values["ndcg@10"])


def test_sqlite_finds_what_our_bm25_finds(
    collection: tuple[Documents, Claims], sqlite_path: Path
) -> None:
    documents, claims = collection
    index = Index.build([{"id": id, "text": text} for id, text in documents], dense=False)
    recall, ndcg = measured(index.search, claims)
    docs = stores.sqlite(sqlite_path, table="docs", id="id")
    assert measured(docs.search, claims) == (
        pytest.approx(recall, abs=0.02),
        pytest.approx(ndcg, abs=0.02),
    )


def test_postgres_finds_most_of_it(
    collection: tuple[Documents, Claims], server: PostgresServer
) -> None:
    documents, claims = collection
    make_postgres(server, "scifact", documents)
    docs = stores.postgres(server.url, schema="scifact", table="docs", tsvector="words")
    recall, ndcg = measured(docs.search, claims)
    assert recall > 0.83
    assert ndcg > 0.56


def test_a_cascade_over_sqlite_equals_one_over_a_function(
    collection: tuple[Documents, Claims], sqlite_path: Path
) -> None:
    claim = collection[1][0][0]
    docs = stores.sqlite(sqlite_path, table="docs", id="id")
    rerank = s.late_interaction(keep=5)
    native = Cascade([s.retrieve(docs, keep=8), rerank]).run(claim)
    python = Cascade([s.retrieve(lambda query: docs.search(query, 8), keep=8), rerank]).run(claim)
    assert native.hits == python.hits
    assert native.hits[0].document["id"] == native.hits[0].id


@pytest.fixture(scope="module")
def slice_of_it(collection: tuple[Documents, Claims]) -> tuple[Documents, Claims, Any]:
    """The abstracts of 20 claims and 40 others, with vectors of their beginnings."""
    documents, claims = collection
    claims = claims[:20]
    wanted = set().union(*(relevant for _, relevant in claims))
    rest = [one for one in documents if one[0] not in wanted][:40]
    found = [one for one in documents if one[0] in wanted] + rest
    texts = [text[:300] for _, text in found]
    return found, claims, LateInteraction().embed_passages(texts, on_truncation="ignore")


def test_vectors_beside_words_in_sqlite(
    slice_of_it: tuple[Documents, Claims, Any], tmp_path: Path
) -> None:
    sqlite_vec = pytest.importorskip("sqlite_vec")
    documents, _, vectors = slice_of_it
    path = make_sqlite(tmp_path / "docs.db", documents)
    add_vectors(path, sqlite_vec.loadable_path(), vectors)
    check_hybrid(
        lambda fusion: stores.sqlite(
            path, table="docs", id="id", vectors="vec", embed=LateInteraction(), fusion=fusion
        ),
        slice_of_it,
    )


def test_vectors_beside_words_in_postgres(
    slice_of_it: tuple[Documents, Claims, Any], vector_server: PostgresServer
) -> None:
    documents, _, vectors = slice_of_it
    make_postgres(vector_server, "hybrid", documents)
    rows = "\n".join(
        f"{id}\t{list(map(float, vector))}"
        for (id, _), vector in zip(documents, vectors, strict=True)
    )
    vector_server.sql(f"""
        CREATE TABLE hybrid.vectors (id text, embedding vector({vectors.shape[1]}));
        \nCOPY hybrid.vectors FROM STDIN;\n{rows}\n\\.\n
        ALTER TABLE hybrid.docs ADD COLUMN embedding vector({vectors.shape[1]});
        UPDATE hybrid.docs AS d SET embedding = v.embedding FROM hybrid.vectors AS v
            WHERE v.id = d.id;""")
    check_hybrid(
        lambda fusion: stores.postgres(
            vector_server.url,
            schema="hybrid",
            table="docs",
            tsvector="words",
            vector="embedding",
            embed=LateInteraction(),
            fusion=fusion,
        ),
        slice_of_it,
    )


def check_hybrid(make: Callable[[Any], stores.Store], made: tuple[Documents, Claims, Any]) -> None:
    """The dense half is the nearest by cosine; both fused rank about as well as the lesser half."""
    documents, claims, vectors = made
    dense = make("dense")
    for claim, _ in claims[:5]:
        query = LateInteraction().embed_queries([claim])[0]
        nearest = [documents[row][0] for row in np.argsort(-(vectors @ query))[:10]]
        assert [hit["id"] for hit in dense.search(claim, 10)] == nearest
    by_half = [measured(make(half).search, claims)[1] for half in ("text", "dense")]
    fused = make("rrf")
    assert measured(fused.search, claims)[1] > min(by_half) - 0.03
    hits = fused.search(claims[0][0], 50)
    assert {name for hit in hits for name in hit["scores"]} == {"text", "dense"}
    united = [hit["id"] for hit in make("union").search(claims[0][0], 50)]
    assert united[0] == make("text").search(claims[0][0], 1)[0]["id"]
