from __future__ import annotations

import importlib.util

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("tamis._remote") is not None:
        return
    for item in items:
        if "tests/python/remote" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="this tamis was built without libcurl"))
