from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from .jobs import write_run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("tamis._remote") is not None:
        return
    for item in items:
        if "tests/python/remote" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="this tamis was built without libcurl"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With run, corpus.jsonl and queries.jsonl: two queries, all passages."""
    write_run(tmp_path)
    return tmp_path
