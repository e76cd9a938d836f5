"""Arguments of one kind: read once, and refused in words that name the argument."""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tamis.errors import InvalidArgument


def shown(value: Any) -> str:
    """A value in a message: what is no plain one by its kind."""
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


def is_size(value: Any) -> bool:
    """Whether it is an integer that a size of C++ can be."""
    found = _whole(value)
    return found is not None and 0 <= found <= LARGEST


def positive(name: str, value: Any) -> int:
    """An integer above 0 that C++ can hold."""
    found = _whole(value)
    if found is None or found <= 0:
        raise InvalidArgument(f"{name} must be a positive integer, got {shown(value)}.")
    return _fitting(name, found)


def natural(name: str, value: Any) -> int:
    """The same, or 0."""
    found = _whole(value)
    if found is None or found < 0:
        raise InvalidArgument(f"{name} must be a natural number, got {shown(value)}")
    return _fitting(name, found)


def is_real(value: Any) -> bool:
    """Whether it is a number that a float can be; no bool."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except OverflowError:  # of an integer
        return False
    return True


def number(name: str, value: Any) -> None:
    """A finite number."""
    if not (is_real(value) and math.isfinite(value)):
        raise InvalidArgument(f"{name} must be a finite number, got {shown(value)}")


def flag(name: str, value: Any) -> bool:
    """What Python takes for true or false, as sentence-transformers does; no array, say."""
    try:
        return bool(value)
    except Exception:  # whatever its own class says
        raise InvalidArgument(f"{name} must be a bool, got {shown(value)}") from None


def text(name: str, value: Any) -> str:
    """A str."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str, got {shown(value)}")
    return value


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(each) for each in choices)
        raise InvalidArgument(f"{name} must be one of {listed}, got {shown(value)}")
    return value


def min_score(value: Any) -> None:
    """None, or a number to compare scores with."""
    if value is not None and not (is_real(value) and not math.isnan(value)):
        raise InvalidArgument(f"min_score must be a number or None, got {shown(value)}")


def path(name: str, value: Any) -> Path:
    """A str or an os.PathLike, as a Path."""
    try:
        text = os.fsdecode(value) if not isinstance(value, bytes) and os.fsencode(value) else ""
    except (TypeError, UnicodeError):
        text = ""
    if not text or "\0" in text:
        raise InvalidArgument(f"{name} must be a path, got {shown(value)}")
    return Path(text)


def list_of(name: str, values: Any) -> list[Any]:
    """Any iterable as a list; one text or dictionary alone is a mistake."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InvalidArgument(f"{name} must be a list, got one {type(values).__name__}")
    return list(values)
