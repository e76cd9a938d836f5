"""What a cascade keeps alive, and what it does not."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from tamis import Cascade
from tamis import stages as s


def test_what_a_stage_calls_is_freed_with_what_holds_the_cascade() -> None:
    class Searcher:
        def __init__(self) -> None:
            fallback = s.callable(self.score, keep=2, limit=2, name="other")
            self.cascade = Cascade(
                [
                    s.retrieve(self.search, keep=3),
                    s.callable(self.score, keep=2, limit=2, fallback=[fallback]),
                    s.diversify(keep=2, similarity=self.alike),
                ]
            )

        def search(self, query: str) -> list[str]:
            return [query, query + query]

        def score(self, query: str, documents: list[Any]) -> list[float]:
            return [float(len(document)) for document in documents]

        def alike(self, left: str, right: str) -> float:
            return 0.5

    searcher = Searcher()
    assert [hit.text for hit in searcher.cascade.run("ab").hits] == ["abab", "ab"]
    known = weakref.ref(searcher)
    del searcher
    gc.collect()
    assert known() is None


def test_a_fallback_lives_with_the_stage_that_it_stands_in_for() -> None:
    def fails(query: str, documents: list[Any]) -> list[float]:
        raise RuntimeError("no")

    def made() -> Cascade:
        second = s.callable(lambda q, d: [1.0, 2.0], keep=2, limit=2, name="second")
        return Cascade([s.callable(fails, keep=2, limit=2, fallback=[second])])

    cascade = made()
    gc.collect()
    result = cascade.run("q", ["a", "b"])
    assert [hit.text for hit in result.hits] == ["b", "a"]
    assert result.trace.stages[0].ran == "second"
