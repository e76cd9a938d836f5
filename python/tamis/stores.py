"""Databases as the first stage of a cascade.

    from tamis import Cascade, stages as s, stores
    docs = stores.sqlite("docs.db", table="docs")
    cascade = Cascade([s.retrieve(docs, keep=200), s.rerank(model, keep=25)], budget_ms=1500)

`embed` makes a query a vector, for databases that keep vectors: a `LateInteraction`, whose
`embed_passages` made them, or a function. `fusion`: "rrf" adds 1 / (60 + rank) over words and
vectors, "union" takes the first of each, the second of each and so on, "text" and "dense" ask one
of them alone. Without `embed` only words are looked for. A query is a value and never a part of a
statement; connection strings and keys are in no message, repr or trace.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

import numpy as np

from tamis import checks, native_call, remote
from tamis.documents import query_text
from tamis.errors import Error, InvalidArgument
from tamis.late_interaction import LateInteraction
from tamis.typing_names import Unpack

Embed = LateInteraction | Callable[[str], Any] | None
Fusion = Literal["rrf", "union", "text", "dense"]
_LONGEST_ANSWER = 8 << 20  # bytes of HTTP, where `http` does not say: passages are long


class Store:
    """A database that can be searched; made by the functions of this module. Any number of threads
    may search one."""

    def __init__(self, native: Any) -> None:
        self._native = native

    def search(
        self, query: Any, k: int = 10, *, budget_ms: float | None = None
    ) -> list[dict[str, Any]]:
        """The best `k`: `{"id", "text", "score", "scores": {"text", "dense"}}`. Any text is a
        query; a blank one finds nothing. Throws RetrievalError or RemoteError when the database
        fails or the budget is spent before its answer, InvalidArgument."""
        k = checks.positive("k", k)
        # Lone surrogates go through as they are: C++ replaces them, as all that is no UTF-8.
        utf8 = query_text(query).encode("utf-8", "surrogatepass")
        found: list[dict[str, Any]] = native_call.call(
            self._native.search, utf8, k, budget_ms=budget_ms
        )
        return found

    def __repr__(self) -> str:
        return f"Store({self._native.name})"


def sqlite(
    path: str | os.PathLike[str],
    *,
    table: str,
    id: str = "",
    text: str = "text",
    vectors: str = "",
    vector: str = "embedding",
    extension: str | os.PathLike[str] | None = None,
    embed: Embed = None,
    fusion: Fusion = "rrf",
    connections: int = 8,
    timeout_ms: float = 30_000.0,
) -> Store:
    """SQLite's FTS5 `table`, of which all indexed columns are searched by BM25; the file is opened
    for reading only. `id`: the column of ids; "" is the rowid.

    `vectors`: a table of sqlite-vec (vec0) with the same rowids, and `vector` its column.
    `extension`: path of sqlite-vec; None is that of the package sqlite-vec, if there are vectors.
    Throws InvalidArgument, RetrievalError for a file, table or column that is not there.
    """
    native = _module()
    checks.text("vectors", vectors)
    if extension is None:
        extension = _sqlite_vec() if vectors else ""
    made = native_call.call(
        native.sqlite,
        path=str(checks.path("path", path)),
        table=table,
        id=id,
        text=text,
        vectors=vectors,
        vector=vector,
        extension=""
        if isinstance(extension, str) and not extension
        else str(checks.path("extension", extension)),
        search=_search(native, embed, fusion),
        connection=native_call.call(
            native.ConnectionOptions, most=connections, timeout_ms=timeout_ms
        ),
    )
    return Store(made)


def postgres(
    url: str = "",
    *,
    table: str,
    schema: str = "",
    id: str = "id",
    text: str = "text",
    tsvector: str = "",
    language: str = "english",
    operators: bool = False,
    rank: Literal["ts_rank", "ts_rank_cd"] = "ts_rank",
    normalization: int = 1,
    vector: str = "",
    distance: Literal["cosine", "dot", "l2"] = "cosine",
    embed: Embed = None,
    fusion: Fusion = "rrf",
    connections: int = 8,
    connect_timeout_ms: float = 5000.0,
    timeout_ms: float = 30_000.0,
) -> Store:
    """PostgreSQL's full text search (`websearch_to_tsquery`) and pgvector.

    `url`: as libpq takes it; what it leaves out are PGHOST, PGPASSWORD and so on. `tsvector`: a
    column; "" computes `to_tsvector(language, text)`, which an index should hold. A passage needs
    any word of the query; `operators=True` reads the query as websearch_to_tsquery does, with
    "phrases", or and -, and all words needed. `rank` is the function that orders what is found,
    and `normalization` its bits: 1 divides by the logarithm of the length. `vector`: a column of
    pgvector, `distance` the one that its index is for. Nothing is connected before the first
    search. Throws InvalidArgument.
    """
    native = _module()
    made = native_call.call(
        native.postgres,
        url=url,
        schema=schema,
        table=table,
        id=id,
        text=text,
        tsvector=tsvector,
        language=language,
        operators=operators,
        rank=rank,
        normalization=normalization,
        vector=vector,
        distance=distance,
        search=_search(native, embed, fusion),
        connection=native_call.call(
            native.ConnectionOptions,
            most=connections,
            connect_timeout_ms=connect_timeout_ms,
            timeout_ms=timeout_ms,
        ),
    )
    return Store(made)


class Server(TypedDict, total=False):
    """Options of what is asked over HTTP."""

    id: str  # a field; "" is the database's own
    text: str  # the field that is searched and returned ("text"), or a path "a.b"
    vector: str  # a field of vectors
    api_key: str | None
    embed: Embed
    fusion: Fusion
    retries: int  # 1
    backoff_ms: float  # 50
    http: Mapping[str, Any] | None  # as in `stages.hosted_rerank`


def opensearch(base_url: str, *, index: str, **options: Unpack[Server]) -> Store:
    """OpenSearch: `match` by BM25, and `knn`; the rest as `elasticsearch`. `api_key` is sent as
    Bearer; None is OPENSEARCH_API_KEY."""
    return _served("opensearch", base_url, options, index=index)


def elasticsearch(base_url: str, *, index: str, **options: Unpack[Server]) -> Store:
    """Elasticsearch: `match` by BM25, and `knn`.

    `base_url` may hold "user:password@". `id`: "" is `_id`. `api_key`: None is ELASTIC_API_KEY, if
    it is set. Throws InvalidArgument.
    """
    return _served("elasticsearch", base_url, options, index=index)


def qdrant(base_url: str, *, collection: str, sparse: str = "", **options: Unpack[Server]) -> Store:
    """Qdrant: the nearest points.

    `text` and `id`: fields of the payload; "" is the point's id. `vector`: name of the dense
    vector; "" is the unnamed one. `sparse`: name of a sparse vector for words, whose queries the
    server makes ("qdrant/bm25", from 1.15); "" looks for no words. `api_key`: None is
    QDRANT_API_KEY, if it is set. Throws InvalidArgument.
    """
    return _served("qdrant", base_url, options, collection=collection, sparse=sparse)


def _served(kind: str, base_url: str, options: Server, **own: str) -> Store:
    for name in options:
        if name not in Server.__optional_keys__:
            raise TypeError(f"{kind}() got an unexpected keyword argument '{name}'")
    native = _module()
    made = native_call.call(
        getattr(native, kind),
        base_url=base_url,
        id=options.get("id", ""),
        text=options.get("text", "text"),
        vector=options.get("vector", ""),
        api_key=options.get("api_key"),
        retries=options.get("retries", 1),
        backoff_ms=options.get("backoff_ms", 50.0),
        http=remote.http_options(options.get("http"), max_response_bytes=_LONGEST_ANSWER),
        search=_search(native, options.get("embed"), options.get("fusion", "rrf")),
        **own,
    )
    return Store(made)


def _module() -> Any:
    """`tamis._store`. Throws Error where it was not built or a library is missing."""
    try:
        return importlib.import_module("tamis._store")
    except ImportError as error:
        raise Error(
            f"databases need libcurl, SQLite and libpq, and this tamis cannot use them ({error}); "
            "install them (Debian: libcurl4 libsqlite3-0 libpq5), or build tamis where "
            "libcurl4-openssl-dev, libsqlite3-dev and libpq-dev are"
        ) from error


def _sqlite_vec() -> str:
    try:
        path: str = importlib.import_module("sqlite_vec").loadable_path()
    except ImportError as error:
        raise InvalidArgument(
            "vectors needs sqlite-vec: pip install sqlite-vec, or give extension="
        ) from error
    return path


def _search(native: Any, embed: Embed, fusion: str) -> Any:
    return native_call.call(native.SearchOptions, embed=_one_vector(embed), fusion=fusion)


def _one_vector(embed: Embed) -> Callable[[str], list[float]] | None:
    if embed is None:
        return None
    if isinstance(embed, LateInteraction):
        model = embed
        return lambda query: model.embed_queries([query])[0].tolist()
    if not callable(embed):
        kind = type(embed).__name__
        raise InvalidArgument(f"embed must be a LateInteraction or a function, got {kind}")
    function = embed

    def vector(query: str) -> list[float]:
        found = np.asarray(function(query), dtype=np.float32)
        if found.ndim == 2 and len(found) == 1:
            found = found[0]
        if found.ndim != 1:
            raise InvalidArgument(f"embed must return one vector, got shape {found.shape}")
        numbers: list[float] = found.tolist()
        return numbers

    return vector
