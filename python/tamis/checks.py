"""Arguments of one kind: read once, and refused in words that name the argument."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

from tamis.errors import InvalidArgument


def _shown(value: Any) -> str:
    plain = value is None or isinstance(value, (bool, str, numbers.Number))
    return repr(value) if plain else type(value).__name__


LARGEST = 2**63 - 1  # what every size that C++ holds can be


def _whole(value: Any) -> int | None:
    """Any kind of integer, NumPy's too; no bool, which is one to Python."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def _fitting(name: str, value: int) -> int:
    if value > LARGEST:
        raise InvalidArgument(f"{name} must be at most 2**63 - 1, got an integer of over 63 bits")
    return value


def positive(name: str, value: Any) -> int:
    """An integer above 0 that C++ can hold."""
    found = _whole(value)
    if found is None or found <= 0:
        raise InvalidArgument(f"{name} must be a positive integer, got {_shown(value)}.")
    return _fitting(name, found)


def natural(name: str, value: Any) -> int:
    """The same, or 0."""
    found = _whole(value)
    if found is None or found < 0:
        raise InvalidArgument(f"{name} must be a natural number, got {_shown(value)}")
    return _fitting(name, found)


def number(name: str, value: Any) -> None:
    """A finite number."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (real and math.isfinite(value)):
        raise InvalidArgument(f"{name} must be a finite number, got {_shown(value)}")


def text(name: str, value: Any) -> str:
    """A str."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str, got {_shown(value)}")
    return value


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(each) for each in choices)
        raise InvalidArgument(f"{name} must be one of {listed}, got {_shown(value)}")
    return value


def min_score(value: Any) -> None:
    """None, or a number to compare scores with."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if value is not None and not (number and not math.isnan(value)):
        raise InvalidArgument(f"min_score must be a number or None, got {_shown(value)}")
