"""Several rankings of the same rows -> one. Scores of different sources are never compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RANK_CONSTANT = 60.0


def reciprocal_rank(rankings: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """(row, sum of 1 / (60 + rank)), best first; ties by row. Cormack, Clarke and Büttcher,
    "Reciprocal Rank Fusion outperforms Condorcet and Individual Rank Learning Methods", 2009."""
    totals: dict[int, float] = {}
    for ranking in rankings:
        for place, row in enumerate(ranking, 1):
            totals[row] = totals.get(row, 0.0) + 1 / (RANK_CONSTANT + place)
    return sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))


def union(rankings: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """(row, 1 / its best rank): the first of each ranking, then the second of each, and so on. For
    a reranker, which looks at all that any source found."""
    best: dict[int, float] = {}
    for ranking in rankings:
        for place, row in enumerate(ranking, 1):
            best[row] = max(best.get(row, 0.0), 1 / place)
    return sorted(best.items(), key=lambda entry: -entry[1])  # stable: the first ranking's first
