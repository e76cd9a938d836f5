"""Containers and kinds of str that sentence-transformers takes: the same scores, side by side."""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

PAIRS = [("what is it", "a cat"), ("q", "d")]
TEXTS = ["a cat", "d", "what"]


class Text(str):
    """A str all the same."""


class Word(str, enum.Enum):
    """Its str() is another text than its value."""

    CAT = "a cat"


class Pair(NamedTuple):
    """As DataFrame.itertuples gives them."""

    query: str
    document: str


def _series(values: list[Any]) -> Any:
    return pytest.importorskip("pandas").Series(values, index=range(7, 7 + len(values)))


INPUTS: dict[str, Callable[[], Any]] = {
    "array of str": lambda: np.array(PAIRS),
    "array of objects": lambda: np.array(PAIRS, dtype=object),
    "one pair as an array": lambda: np.array(PAIRS[0]),
    "NumPy's str": lambda: [(np.str_("a"), np.str_("b"))],
    "subclass of str": lambda: [(Text("a"), Text("b"))],
    "str enum": lambda: [("what", Word.CAT)],
    "named tuples": lambda: [Pair(*pair) for pair in PAIRS],
    "one named tuple": lambda: Pair(*PAIRS[0]),
    "tuple of pairs": lambda: tuple(PAIRS),
    "list of lists": lambda: [list(pair) for pair in PAIRS],
    "zip": lambda: list(zip(*[iter(TEXTS[:2])] * 2, strict=True)),
    "values of a DataFrame": lambda: _series(TEXTS).to_frame("d").assign(q="a").to_numpy()[:, ::-1],
    "NUL and control characters": lambda: [("a\0b", "c\x07\x1b")],
    "a text of a megabyte": lambda: [("a", "b " * 500_000)],
}

DOCUMENTS: dict[str, Callable[[], Any]] = {
    "array": lambda: np.array(TEXTS),
    "Series": lambda: _series(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "map": lambda: map(str, [1, 2, 3]),
    "values of a dict": lambda: dict(enumerate(TEXTS)).values(),
    "deque": lambda: collections.deque(TEXTS),
    "frozenset of one": lambda: frozenset(TEXTS[:1]),
    "tuple": lambda: tuple(TEXTS),
}


@pytest.mark.filterwarnings("ignore::tamis.errors.TruncationWarning")
@pytest.mark.parametrize("kind", INPUTS)
def test_predict(both: Any, kind: str) -> None:
    ours, theirs = both(1)
    found, expected = ours.predict(INPUTS[kind]()), theirs.predict(INPUTS[kind]())
    assert (type(found), np.shape(found)) == (type(expected), np.shape(expected))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_rank(both: Any, kind: str) -> None:
    ours, theirs = both(1)
    found, expected = (model.rank("what", DOCUMENTS[kind]()) for model in (ours, theirs))
    assert [hit["corpus_id"] for hit in found] == [hit["corpus_id"] for hit in expected]
    np.testing.assert_allclose(
        [hit["score"] for hit in found], [hit["score"] for hit in expected], atol=1e-4
    )
