"""Every kind of stage, made alike, for tests that each of them must pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tamis import CrossEncoder, LateInteraction
from tamis import stages as s
from tamis.stages import Stage

Maker = Callable[..., Stage]


def length(query: str, documents: list[Any]) -> list[float]:
    """Longer documents score higher."""
    return [float(len(document)) for document in documents]


class Foreign:
    """A reranker of another library."""

    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(len(text)) - len(query) for query, text in pairs]


def makers(model: CrossEncoder, late: LateInteraction) -> dict[str, Maker]:
    """Of stages that take candidates: name -> (keep, **use) -> Stage."""
    return {
        "rerank": lambda **use: s.rerank(model, **use),
        "rerank, foreign": lambda **use: s.rerank(Foreign(), **use),
        "late_interaction": lambda **use: s.late_interaction(late, **use),
        "callable": lambda **use: s.callable(length, **use),
        "callable, divisible": lambda **use: s.callable(length, divisible=True, **use),
        "threshold": lambda **use: s.threshold(-1e9, **use),
        "deduplicate": lambda **use: s.deduplicate(**use),
        "diversify": lambda **use: s.diversify(**use),
        "diversify, own": lambda **use: s.diversify(similarity=lambda a, b: 0.5, **use),
    }


KINDS = [
    "rerank",
    "rerank, foreign",
    "late_interaction",
    "callable",
    "callable, divisible",
    "threshold",
    "deduplicate",
    "diversify",
    "diversify, own",
]
SCORING = KINDS[:5]
