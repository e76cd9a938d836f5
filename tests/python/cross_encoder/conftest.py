"""Both libraries' CrossEncoder over the same folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tamis


class Both(NamedTuple):
    ours: Any
    theirs: Any


@pytest.fixture(scope="session")
def both(one_label: Path, three_labels: Path) -> Callable[[int], Both]:
    """Ours and sentence-transformers', with 1 or 3 labels."""
    peer = pytest.importorskip("sentence_transformers")
    folders = {1: str(one_label), 3: str(three_labels)}
    loaded = {
        n: Both(tamis.CrossEncoder(path), peer.CrossEncoder(path, device="cpu"))
        for n, path in folders.items()
    }
    return loaded.__getitem__


@pytest.fixture
def model(one_label: Path) -> Any:
    """Ours, one label."""
    return tamis.CrossEncoder(str(one_label))
