"""Whose scores a function gives: a cascade warns where neighbours give the same ones."""

from __future__ import annotations

import types
from typing import Any


def identity(function: Any) -> int:
    """Equal for the same function; of a method each look makes another object."""
    owner = getattr(function, "__self__", None)
    return id(function if owner is None else owner)


def of_function(function: Any) -> str:
    """Equal for the same function; of an index's `compare`, its model's late interaction."""
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(function, types.MethodType) and name == "compare":
        known = getattr(function.__self__, "_scorer", "")
        if isinstance(known, str) and known:
            return known
    return f"{name} at {identity(function)}"
