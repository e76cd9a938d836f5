from collections.abc import Callable
from typing import Any

from tamis._native import Stage
from tamis._remote import HttpOptions

class SearchOptions:
    def __init__(
        self, *, embed: Callable[[str], list[float]] | None = None, fusion: str = "rrf"
    ) -> None: ...

class ConnectionOptions:
    def __init__(
        self,
        *,
        most: int = 8,
        connect_timeout_ms: float = 5000.0,
        timeout_ms: float = 30000.0,
    ) -> None: ...

class Store:
    def search(
        self, query: str | bytes, count: int, *, budget_ms: float | None = None
    ) -> list[dict[str, Any]]:
        """[{id, text, score, scores}], best first."""

    def stage(self, count: int, *, name: str) -> Stage:
        """stages::retrieve of C++; needs the GIL for its results alone."""

    @property
    def name(self) -> str: ...

def sqlite(
    *,
    path: str,
    table: str,
    id: str,
    text: str,
    vectors: str,
    vector: str,
    extension: str,
    search: SearchOptions,
    connection: ConnectionOptions,
) -> Store:
    """stores::sqlite of C++."""

def postgres(
    *,
    url: str,
    schema: str,
    table: str,
    id: str,
    text: str,
    tsvector: str,
    language: str,
    operators: bool,
    rank: str,
    normalization: int,
    vector: str,
    distance: str,
    search: SearchOptions,
    connection: ConnectionOptions,
) -> Store:
    """stores::postgres of C++."""

def opensearch(
    *,
    base_url: str,
    index: str,
    id: str,
    text: str,
    vector: str,
    api_key: str | None,
    retries: int,
    backoff_ms: float,
    http: HttpOptions,
    search: SearchOptions,
) -> Store:
    """stores::opensearch of C++."""

def elasticsearch(
    *,
    base_url: str,
    index: str,
    id: str,
    text: str,
    vector: str,
    api_key: str | None,
    retries: int,
    backoff_ms: float,
    http: HttpOptions,
    search: SearchOptions,
) -> Store:
    """stores::elasticsearch of C++."""

def qdrant(
    *,
    base_url: str,
    collection: str,
    id: str,
    text: str,
    vector: str,
    sparse: str,
    api_key: str | None,
    retries: int,
    backoff_ms: float,
    http: HttpOptions,
    search: SearchOptions,
) -> Store:
    """stores::qdrant of C++."""
