"""The second stage: the cross-encoder reads every claim with each of its candidates."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tamis.demo.collection import Candidates

BLEND_WEIGHT = 0.3  # of BM25's z-score beside the model's


@dataclass(frozen=True)
class Scores:
    """The model's scores of some pairs, and what it could not read of them."""

    values: list[float]
    pairs_cut: int  # pairs longer than the model reads
    tokens_cut: int
    tokens: int  # read, special ones included


Scorer = Callable[[Sequence[tuple[str, str]]], Scores]


class Progress(Protocol):
    def __call__(self, pairs: int, total: int, seconds: float) -> None: ...


@dataclass
class Result:
    """What was reranked; `scores[i]` belongs to `candidates[i]`, in BM25's order."""

    candidates: list[Candidates] = field(default_factory=list)
    scores: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0
    pairs_cut: int = 0
    tokens_cut: int = 0
    tokens: int = 0

    @property
    def pairs(self) -> int:
        return sum(len(found.abstracts) for found in self.candidates)


def _pairs(found: Candidates, depth: int) -> list[tuple[str, str]]:
    return [(found.claim.text, abstract.passage) for abstract in found.abstracts[:depth]]


def measure_speed(score: Scorer, candidates: Sequence[Candidates], seconds: float = 3.0) -> float:
    """Pairs per second on this collection; takes about `seconds`, and a first batch to warm up."""
    batch = [_pairs(found, 2)[-1] for found in candidates[:16]]
    score(batch[:4])
    count, begin = 0, time.perf_counter()
    for start in range(0, len(candidates), 16):
        batch = [_pairs(found, 2)[-1] for found in candidates[start : start + 16]]
        score(batch)
        count += len(batch)
        if time.perf_counter() - begin > seconds:
            break
    return count / (time.perf_counter() - begin)


def rerank(
    score: Scorer,
    candidates: Sequence[Candidates],
    depth: int,
    progress: Progress,
    limit_seconds: float | None = None,
) -> Result:
    """Scores claim after claim, and stops after the one that reaches `limit_seconds`."""
    total = sum(min(depth, len(found.abstracts)) for found in candidates)
    result = Result()
    begin = time.perf_counter()
    done = 0
    for found in candidates:
        pairs = _pairs(found, depth)
        scored = score(pairs)
        result.candidates.append(
            Candidates(found.claim, found.abstracts[:depth], found.scores[:depth])
        )
        result.scores.append(scored.values)
        result.pairs_cut += scored.pairs_cut
        result.tokens_cut += scored.tokens_cut
        result.tokens += scored.tokens
        result.seconds = time.perf_counter() - begin
        done += len(pairs)
        progress(done, total, result.seconds)
        if limit_seconds is not None and result.seconds > limit_seconds:
            break
    return result


def z_scores(values: Sequence[float]) -> list[float]:
    scores = np.asarray(values, dtype=np.float64)
    deviation = float(scores.std())
    if deviation == 0:
        return [0.0] * len(scores)
    return [float(z) for z in (scores - scores.mean()) / deviation]


def blended(scores: Sequence[float], first_stage: Sequence[float]) -> list[float]:
    """z(model) + 0.3 z(BM25), each over one claim's candidates."""
    return [
        model + BLEND_WEIGHT * bm25
        for model, bm25 in zip(z_scores(scores), z_scores(first_stage), strict=True)
    ]


def default_scorer() -> tuple[Scorer, str]:
    """The embedded model, and what it runs on. Logits: the blend wants them unsquashed."""
    from tamis import CrossEncoder

    model = CrossEncoder(precision="auto")

    def score(pairs: Sequence[tuple[str, str]]) -> Scores:
        values, report = model.predict_with_report(
            list(pairs), scores="logit", on_truncation="ignore", show_progress_bar=False
        )
        return Scores(
            [float(value) for value in values], report.pairs_cut, report.tokens_cut, report.tokens
        )

    return score, model.description
