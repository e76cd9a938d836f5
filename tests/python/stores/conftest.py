from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from .postgres_server import PostgresServer, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("tamis._store") is not None:
        return
    for item in items:
        if "tests/python/stores" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="this tamis was built without its stores"))


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with serving() as found:
        if found is None:
            pytest.skip("no PostgreSQL here (Debian: postgresql; PyPI: pgserver)")
        yield found


@pytest.fixture(scope="session")
def vector_server(server: PostgresServer) -> PostgresServer:
    if not server.has_vectors:
        pytest.skip("this PostgreSQL has no pgvector; the package pgserver brings one that has")
    server.sql("CREATE EXTENSION IF NOT EXISTS vector")
    return server
