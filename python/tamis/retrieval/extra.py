"""The packages of the extra `tamis[retrieval]`, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from tamis.errors import RetrievalError


def load(module: str, package: str) -> Any:
    """The module. Throws RetrievalError that names the package."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RetrievalError(
            f"an index needs the package {package}: pip install 'tamis[retrieval]' ({error})"
        ) from error
