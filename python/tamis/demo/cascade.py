"""Retrieve -> late interaction -> cross-encode, and what a time budget leaves of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tamis import Cascade, CrossEncoder, Index, LateInteraction, num_threads, stages
from tamis.cascade import CascadeResult
from tamis.demo.collection import Abstract, Claim
from tamis.demo.rerank import BLEND_WEIGHT
from tamis.eval import evaluate
from tamis.retrieval import Fusion

KEEPS = (200, 25, 10)
BUDGETS = (50, 100, 200, 500, 1500)  # ms
FUSIONS: tuple[Fusion, ...] = ("rrf", "union")
PASSAGE_TOKENS = 128  # that the index reads; the cross-encoder reads all
FEWEST_CLAIMS, FEWEST_ABSTRACTS = 8, 600


@dataclass(frozen=True)
class StageRow:
    """What is left after a stage, of each claim."""

    name: str
    kept: float  # candidates, mean
    recall: list[float]  # of what is kept
    ndcg: list[float]  # at 10
    ms: float  # that the stage took, mean


@dataclass(frozen=True)
class Point:
    """One budget."""

    budget_ms: float
    ndcg: list[float]
    ms: list[float]  # that runs took
    read: float  # candidates that the cross-encoder read, mean


def build_index(
    documents: Sequence[Abstract], progress: Callable[[int, int], None] | None = None
) -> Index:
    """With token vectors, so that late interaction encodes no passage again. By the smaller model:
    the cross-encoder's own would give late interaction nearly the cross-encoder's scores."""
    encoder = LateInteraction("tiny", precision="auto", max_length=PASSAGE_TOKENS, cache_bytes=0)
    return Index.build(
        [{"id": each.id, "text": each.passage} for each in documents],
        model=encoder,
        token_vectors=True,
        on_truncation="ignore",
        progress=progress if progress is not None else False,
    )


def indexing_speed(documents: Sequence[Abstract]) -> float:
    """Passages a second, on two dozen of them."""
    encoder = LateInteraction("tiny", precision="auto", max_length=PASSAGE_TOKENS, cache_bytes=0)
    texts = [each.passage for each in documents[:24]]
    encoder.encode_passages(texts[:2], on_truncation="ignore")
    begin = time.perf_counter()
    encoder.encode_passages(texts, on_truncation="ignore")
    return len(texts) / (time.perf_counter() - begin)


def part_of(abstracts: Sequence[Abstract], claims: Sequence[Claim], count: int) -> list[Abstract]:
    """All that is relevant to a claim, and others at random (seed 0), `count` in all."""
    wanted = {id for claim in claims for id in claim.relevant}
    relevant = [each for each in abstracts if each.id in wanted]
    others = [each for each in abstracts if each.id not in wanted]
    order = np.random.default_rng(0).permutation(len(others))
    return relevant + [others[i] for i in order[: max(count - len(relevant), 0)]]


def stages_of(index: Index, model: CrossEncoder, fusion: Fusion) -> list[stages.Stage]:
    """Each later stage adds 0.3 of BM25's score to its own."""
    blend = {"bm25": BLEND_WEIGHT}
    find = partial(index.search, k=KEEPS[0], fusion=fusion)
    return [
        stages.retrieve(find, keep=KEEPS[0], sources=index.sources),
        stages.callable(
            index.compare, keep=KEEPS[1], name="late interaction", divisible=True, blend=blend
        ),
        stages.rerank(
            model,
            keep=KEEPS[2],
            name="cross-encoder",
            chunk=max(2, num_threads()),
            blend=blend,
            on_truncation="ignore",
        ),
    ]


def _values(claims: Sequence[Claim], results: Sequence[CascadeResult], metric: str) -> list[float]:
    run = {
        claim.id: [hit.id for hit in result.hits]
        for claim, result in zip(claims, results, strict=True)
    }
    qrels = {claim.id: claim.relevant for claim in claims}
    return list(evaluate(run, qrels, [metric])[metric].values())


def after_each_stage(
    index: Index, model: CrossEncoder, claims: Sequence[Claim], fusion: Fusion, depth: int = 3
) -> list[StageRow]:
    """Each row is a cascade with one stage more, without a budget."""
    all_stages = stages_of(index, model, fusion)
    rows = []
    for count in range(1, depth + 1):
        cascade = Cascade(all_stages[:count])
        results = [cascade.run(claim.text) for claim in claims]
        rows.append(
            StageRow(
                all_stages[count - 1].name,
                float(np.mean([len(result.hits) for result in results])),
                _values(claims, results, "recall"),
                _values(claims, results, "ndcg@10"),
                float(np.mean([result.trace.stages[-1].real_ms for result in results])),
            )
        )
    return rows


def inside_budgets(
    index: Index,
    model: CrossEncoder,
    claims: Sequence[Claim],
    fusion: Fusion,
    progress: Callable[[], None] = lambda: None,
) -> list[Point]:
    """The same cascade at every budget, after some runs without one. The largest comes first: runs
    of many sizes teach it what a stage costs."""
    cascade = Cascade(stages_of(index, model, fusion))
    for claim in claims[:3]:
        cascade.run(claim.text)
    points = []
    for budget in reversed(BUDGETS):
        results, ms = [], []
        for claim in claims:
            begin = time.perf_counter()
            results.append(cascade.run(claim.text, budget_ms=budget))
            ms.append((time.perf_counter() - begin) * 1e3)
            progress()
        read = float(np.mean([result.trace.stages[-1].scored for result in results]))
        points.append(Point(budget, _values(claims, results, "ndcg@10"), ms, read))
    return points[::-1]


def claims_that_fit(
    index: Index, model: CrossEncoder, claims: Sequence[Claim], seconds: float
) -> int:
    """How many claims can run through all fusions and budgets, by the time of two runs."""
    cascade = Cascade(stages_of(index, model, "rrf"))
    cascade.run(claims[0].text)
    begin = time.perf_counter()
    cascade.run(claims[0].text)
    whole = (time.perf_counter() - begin) * 1e3
    each = len(FUSIONS) * (whole + sum(min(whole, budget) for budget in BUDGETS))
    return int(min(max(seconds * 1e3 / each, FEWEST_CLAIMS), len(claims)))
