"""Every kind of tokenizer, made once a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

# The modules beside the tests; a package in this place would hide the `tokenizers` package.
sys.path.insert(0, str(Path(__file__).parent))

from every_kind import EVERY_KIND
from tokenizer_kinds import Both

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


@pytest.fixture(scope="session")
def both_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Both]:
    """Ours and the package's tokenizer of a kind."""
    folder: Path = tmp_path_factory.mktemp("tokenizers")
    return cache(lambda name: EVERY_KIND[name](folder / name))


@pytest.fixture(params=list(EVERY_KIND))
def both(request: pytest.FixtureRequest, both_of: Callable[[str], Both]) -> Both:
    """One kind after another."""
    return both_of(request.param)
