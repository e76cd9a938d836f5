"""Calls into C++, whose arguments are checked first: errors name the argument.

pybind11 itself would take True for a number, 0.5 for a whole one and bytes for a text, and its
TypeError quotes the signature and every argument, keys and passwords among them.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from tamis import checks
from tamis.errors import InvalidArgument

R = TypeVar("R")

# Where C++ has another name than the caller.
_NAMES = {
    "tries": "retries",
    "wait_ms": "backoff_ms",
    "skip_margin": "skip_if",
    "most": "connections",
    "max_document_tokens": "max_doc_tokens",
}
_PARAMETER = re.compile(r"(\w+): ((?:[^,()\[\]=]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])+)")


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()  # fails for a lone surrogate
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return checks.is_real(value) and not math.isnan(value)


def _are_texts(values: Any) -> bool:
    return (
        isinstance(values, Sequence) and not isinstance(values, str) and all(map(_is_text, values))
    )


def _are_weights(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _is_text(name) and _is_number(weight) for name, weight in value.items()
    )


def _are_two(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value))


_FLOAT = "typing.SupportsFloat | typing.SupportsIndex"
_SIZE = ("a whole number from 0 to 2**63 - 1", checks.is_size)
# As pybind11 3 and 2 write a type: in words, and whether a value is of it.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "None": ("None", lambda value: value is None),
    "str": ("a str", _is_text),
    "bool": ("a bool", lambda value: isinstance(value, (bool, np.bool_))),
    "typing.SupportsInt": _SIZE,
    "int": _SIZE,
    "typing.SupportsFloat": ("a number", _is_number),
    "float": ("a number", _is_number),
    "collections.abc.Callable": ("a function", callable),
    "collections.abc.Sequence[str]": ("a list of str", _are_texts),
    f"collections.abc.Mapping[str, {_FLOAT}]": ("names and numbers", _are_weights),
    f"tuple[{_FLOAT}, {_FLOAT}]": ("two numbers", _are_two),
    "list[str]": ("a list of str", _are_texts),
    "dict[str, float]": ("names and numbers", _are_weights),
    "tuple[float, float]": ("two numbers", _are_two),
}


def _kind(name: str) -> tuple[str, Callable[[Any], bool]] | None:
    if not name.startswith("tamis."):
        return _KINDS.get(name)

    def fits(value: Any) -> bool:
        return any(f"{kind.__module__}.{kind.__qualname__}" == name for kind in type(value).__mro__)

    return f"a {name.rpartition('.')[2]}", fits


@functools.lru_cache
def _signature(written: str) -> dict[str, list[tuple[str, Callable[[Any], bool]]]]:
    """The kinds that each argument may be of; none where they are not known here."""
    found = {}
    for name, annotation in _PARAMETER.findall(written):
        annotation = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", annotation.strip())
        parts = re.split(r" \| (?![^\[]*\])", annotation)
        kinds = [_kind(part) for part in parts if part != "typing.SupportsIndex"]
        found[name] = [] if None in kinds else [kind for kind in kinds if kind is not None]
    return found


def _check(function: Any, arguments: Mapping[str, Any]) -> None:
    made = vars(function)["__init__"] if isinstance(function, type) else function
    signature = _signature(str(made.__doc__).partition("\n")[0])
    if not signature:  # written in another way, or not at all: pybind11 alone checks then
        return
    for name, value in arguments.items():
        if name not in signature:
            known = ", ".join(each for each in signature if each != "self")
            raise InvalidArgument(f"{function.__name__} has no option '{name}', only {known}")
        kinds = signature[name]
        if kinds and not any(fits(value) for _, fits in kinds):
            words = " or ".join(words for words, _ in kinds)
            # A text is refused for its surrogates, or may be a key or a password.
            got = "a str" if isinstance(value, str) else checks.shown(value)
            got += (
                " with a lone surrogate" if isinstance(value, str) and words[:5] == "a str" else ""
            )
            raise InvalidArgument(f"{_NAMES.get(name, name)} must be {words}, got {got}")


def call(function: Callable[..., R], *given: Any, **arguments: Any) -> R:
    """function(…) of C++. Throws InvalidArgument for the first argument that does not fit."""
    _check(function, arguments)
    try:
        return function(*given, **arguments)
    except TypeError as error:
        if "\n\nInvoked with:" not in str(error):
            raise  # of a function of the caller's
    kinds = ", ".join(f"{name}: {type(value).__name__}" for name, value in arguments.items())
    raise InvalidArgument(f"{function.__name__} does not take these: {kinds}")
