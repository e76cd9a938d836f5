"""Databases of documents, made for tests."""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tamis.demo.collection import load_abstracts, load_claims

from .postgres_server import PostgresServer

Documents = Sequence[tuple[str, str]]  # (id, text)

HOSTILE = [
    'berlin"',
    "'berlin'",
    "berlin'; DROP TABLE docs; --",
    'berlin") OR 1=1 --',
    "berlin*",
    "NOT berlin",
    "NEAR(berlin",
    "text:berlin",
    "(berlin",
    "berlin AND",
    "berlin\0x",
    "\ud800 berlin",
    "😀 berlin 👨‍👩‍👧",
    "berlin & ! | <-> :*",
    "$1 berlin ?1 :a @b",
    "berlin \\",
    "berlin %s %n",
    "berlin " + "x" * 2**20,
    "berlin " + '"' * 2**20,
    "berlin " + " ".join(map(str, range(10**5))),
]


def scifact() -> tuple[Documents, list[tuple[str, set[str]]]]:
    """All abstracts, and (claim, ids of its abstracts)."""
    documents = [(abstract.id, abstract.passage) for abstract in load_abstracts()]
    return documents, [(claim.text, set(claim.relevant)) for claim in load_claims()]


def make_sqlite(path: Path, documents: Documents) -> Path:
    """A table `docs` (id, text)."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE VIRTUAL TABLE docs USING fts5(id UNINDEXED, text, tokenize = 'porter')"
        )
        database.executemany("INSERT INTO docs VALUES (?, ?)", documents)
    database.close()
    return path


def add_vectors(path: Path, extension: str, vectors: Any) -> None:
    """A table `vec` (embedding) with the rowids of `docs`. By SQLite's own library: Python's module
    is often built without extensions."""
    library = ctypes.CDLL("libsqlite3.so.0")
    database = ctypes.c_void_p()
    assert library.sqlite3_open(str(path).encode(), ctypes.byref(database)) == 0
    try:
        load_extension = 1005  # SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION
        library.sqlite3_db_config(database, load_extension, 1, None)
        assert library.sqlite3_load_extension(database, extension.encode(), None, None) == 0
        width = len(vectors[0])
        rows = ",".join(f"({row}, '{list(map(float, v))}')" for row, v in enumerate(vectors, 1))
        for sql in (
            f"CREATE VIRTUAL TABLE vec USING vec0(embedding float[{width}] distance_metric=cosine)",
            f"INSERT INTO vec(rowid, embedding) VALUES {rows}",
        ):
            assert library.sqlite3_exec(database, sql.encode(), None, None, None) == 0
    finally:
        library.sqlite3_close(database)


def make_postgres(server: PostgresServer, schema: str, documents: Documents) -> None:
    """A table `docs` (id, text, words) in a new schema."""
    escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
    rows = "\n".join(f"{id}\t{text.translate(escapes)}" for id, text in documents)
    server.sql(f"""
        CREATE SCHEMA {schema};
        CREATE TABLE {schema}.docs (id text PRIMARY KEY, text text,
            words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED);
        CREATE INDEX ON {schema}.docs USING gin (words);
        \nCOPY {schema}.docs (id, text) FROM STDIN;\n{rows}\n\\.\n
        ANALYZE {schema}.docs;""")
