"""Rankings and their metrics: BM25's order, the reranked one, and the blend of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tamis.demo.collection import Abstract, Candidates
from tamis.demo.rerank import Result, blended
from tamis.eval import Interval, evaluate, paired_bootstrap

METRICS = ("ndcg@10", "mrr@10", "recall@10")


@dataclass(frozen=True)
class Row:
    """One ranking of every claim's candidates."""

    name: str
    rankings: list[list[Abstract]]  # one per claim, best first
    values: dict[str, list[float]]  # metric -> one value per claim
    gains: dict[str, Interval]  # metric -> gain over the first row

    def mean(self, metric: str) -> float:
        return float(np.mean(self.values[metric]))


@dataclass(frozen=True)
class Comparison:
    candidates: list[Candidates]
    rows: list[Row]  # BM25, reranked, blended
    recall: float  # of the candidates: what reranking cannot change
    ceiling: float  # nDCG@10 of the best possible order of the candidates


def reordered(found: Candidates, scores: Sequence[float]) -> list[Abstract]:
    """Best first; equal scores keep BM25's order."""
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    return [found.abstracts[i] for i in order]


def _values(
    candidates: list[Candidates], rankings: list[list[Abstract]], metrics: Sequence[str]
) -> dict[str, list[float]]:
    run = {
        found.claim.id: [abstract.id for abstract in ranking]
        for found, ranking in zip(candidates, rankings, strict=True)
    }
    qrels = {found.claim.id: found.claim.relevant for found in candidates}
    return {
        name: list(by_claim.values()) for name, by_claim in evaluate(run, qrels, metrics).items()
    }


def compare(result: Result) -> Comparison:
    candidates = result.candidates
    pools = zip(candidates, result.scores, strict=True)
    names = {
        "BM25": [found.scores for found in candidates],
        "reranked": result.scores,
        "reranked + 0.3 BM25": [blended(scores, found.scores) for found, scores in pools],
    }
    rows: list[Row] = []
    for name, scores in names.items():
        rankings = [reordered(f, s) for f, s in zip(candidates, scores, strict=True)]
        values = _values(candidates, rankings, METRICS)
        first = rows[0].values if rows else values
        gains = {metric: paired_bootstrap(first[metric], values[metric]) for metric in METRICS}
        rows.append(Row(name, rankings, values, gains))
    best = [
        reordered(found, [found.claim.relevant.get(a.id, 0) for a in found.abstracts])
        for found in candidates
    ]
    limits = _values(candidates, best, ("ndcg@10", "recall"))
    return Comparison(
        candidates, rows, float(np.mean(limits["recall"])), float(np.mean(limits["ndcg@10"]))
    )


@dataclass(frozen=True)
class Tally:
    """On how many claims the second row's nDCG@10 is above, equal to and below the first's."""

    better: int
    equal: int
    worse: int
    most_gained: int  # index of the claim
    most_lost: int


def tally(comparison: Comparison) -> Tally:
    before, after = (np.asarray(row.values["ndcg@10"]) for row in comparison.rows[:2])
    gain = after - before
    return Tally(
        int(np.sum(gain > 1e-12)),
        int(np.sum(np.abs(gain) <= 1e-12)),
        int(np.sum(gain < -1e-12)),
        int(np.argmax(gain)),
        int(np.argmin(gain)),
    )
