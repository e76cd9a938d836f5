"""Databases as a first stage: SciFact by SQLite's and PostgreSQL's full text, and by `tamis.Index`.

    python benchmarks/python/stores.py

recall@100 and nDCG@10 of words alone, over the demo's 300 claims and 5,183 abstracts; PostgreSQL, a
server of the tests' own, by each of some ranks. Needs the packages of the extra `test`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "python"))

import tamis
import tamis.stores
from stores.databases import make_postgres, make_sqlite, scifact
from stores.postgres_server import serving
from stores.test_scifact import measured

RANKS = (("ts_rank", 1), ("ts_rank_cd", 4), ("ts_rank_cd", 0))


def main() -> None:
    """Print the table."""
    documents, claims = scifact()

    def row(name: str, searched: tamis.stores.Store | tamis.Index) -> None:
        recall, ndcg = measured(searched.search, claims)
        print(f"| {name} | {recall:.3f} | {ndcg:.3f} |", flush=True)

    print("| | recall@100 | nDCG@10 |\n|---|---|---|")
    rows = [{"id": id, "text": text} for id, text in documents]
    row("`tamis.Index`, BM25", tamis.Index.build(rows, dense=False))
    with tempfile.TemporaryDirectory() as folder:
        path = make_sqlite(Path(folder) / "docs.db", documents)
        row("SQLite, BM25, porter", tamis.stores.sqlite(path, table="docs", id="id"))
    with serving() as server:
        if server is None:
            raise SystemExit("no PostgreSQL here (Debian: postgresql; PyPI: pgserver)")
        make_postgres(server, "scifact", documents)
        for rank, bits in RANKS:
            docs = tamis.stores.postgres(
                server.url, schema="scifact", table="docs", tsvector="words", rank=rank,
                normalization=bits,
            )  # fmt: skip
            row(f"PostgreSQL, `{rank}`, normalization {bits}", docs)


if __name__ == "__main__":
    main()
