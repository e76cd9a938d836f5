"""nDCG, MRR, recall and MAP, as trec_eval defines them (include/tamis/eval/metrics.hpp).

A ranking is given as the grades of its documents in order (0: judged irrelevant or not judged);
`judged` holds the grades of all judged documents of the query. Ties are broken by the order given.
A grade is a finite number, 2 or the 0.75 of a judge; below 0 it counts as 0. `min_grade` is the
least of a relevant document; None: each grade above 0.

    run = {"q1": ["d3", "d1", "d2"]}                 # best first; or {"q1": {"d3": 2.5, ...}}
    qrels = {"q1": {"d1": 2, "d7": 1}}
    values = evaluate(run, qrels, ["ndcg@10", "mrr@10", "recall@100", "map"])
    print(mean(values["ndcg@10"]))
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis import checks
from tamis.errors import InvalidArgument

Array = npt.NDArray[np.float64]
Grades = Sequence[float] | npt.NDArray[np.integer[Any] | np.floating[Any]]
Ranked = Sequence[str] | Mapping[str, float]


def _number(grade: Any, where: str) -> float:
    real = isinstance(grade, (bool, np.bool_)) or checks.is_real(grade)
    if not real or not math.isfinite(grade):
        raise InvalidArgument(
            f"{where} must be a finite number, got {checks.shown(grade)}; 0 is for a document that "
            "is not relevant, and one without a grade is left out"
        )
    return float(grade)


def _numbers(grades: Grades, where: Callable[[int], str] = "grade {}".format) -> Array:
    """float64 [grades]; `where` names one by its place. Throws InvalidArgument."""
    try:
        found = np.asarray(grades)
        if found.ndim == 1 and found.dtype.kind in "biuf" and np.isfinite(found).all():
            return found.astype(np.float64)
    except ValueError:  # of a ragged list
        pass
    return np.array([_number(grade, where(place)) for place, grade in enumerate(grades)])


def _head(ranked: Grades, cutoff: int | None) -> Array:
    if cutoff is not None and cutoff < 1:
        raise ValueError(f"the cutoff of a metric is {cutoff}; it must be at least 1")
    return _numbers(ranked)[:cutoff]


def _relevant(grades: Array, min_grade: float | None) -> npt.NDArray[np.bool_]:
    return grades > 0 if min_grade is None else grades >= min_grade


def _dcg(grades: Array) -> float:
    discounts = np.log2(np.arange(len(grades)) + 2.0)
    return float(np.sum(np.maximum(grades, 0) / discounts))


def ndcg(ranked: Grades, judged: Grades, cutoff: int | None = 10) -> float:
    """Normalised discounted cumulative gain; the gain is the grade, as in trec_eval's `ndcg_cut`.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
    """
    best = _dcg(_head(np.sort(_numbers(judged))[::-1], cutoff))
    return _dcg(_head(ranked, cutoff)) / best if best > 0 else 0.0


def reciprocal_rank(
    ranked: Grades, cutoff: int | None = 10, *, min_grade: float | None = None
) -> float:
    """1 / rank of the first relevant document, 0 where there is none above the cutoff."""
    places = np.flatnonzero(_relevant(_head(ranked, cutoff), min_grade))
    return 1.0 / float(places[0] + 1) if len(places) else 0.0


def recall(
    ranked: Grades, judged: Grades, cutoff: int | None, *, min_grade: float | None = None
) -> float:
    """The share of the relevant documents that is above the cutoff."""
    found = int(np.sum(_relevant(_head(ranked, cutoff), min_grade)))
    count = int(np.sum(_relevant(_numbers(judged), min_grade)))
    return found / count if count else 0.0


def average_precision(
    ranked: Grades,
    judged: Grades,
    cutoff: int | None = None,
    *,
    min_grade: float | None = None,
) -> float:
    """The mean, over all relevant documents, of the precision where each was found."""
    count = int(np.sum(_relevant(_numbers(judged), min_grade)))
    places = np.flatnonzero(_relevant(_head(ranked, cutoff), min_grade))
    precisions = np.arange(1, len(places) + 1) / (places + 1)
    return float(np.sum(precisions)) / count if count else 0.0


_METRICS: dict[str, Callable[[Grades, Grades, int | None], float]] = {
    "ndcg": ndcg,
    "mrr": lambda ranked, judged, cutoff: reciprocal_rank(ranked, cutoff),
    "recall": recall,
    "map": average_precision,
}


def _metric(name: str) -> Callable[[Grades, Grades], float]:
    kind, at, cutoff = name.partition("@")
    if kind not in _METRICS or (at and not (cutoff.isascii() and cutoff.isdigit())):
        known = ", ".join(_METRICS)
        raise ValueError(f"unknown metric {name!r}; use one of {known}, with or without @cutoff")
    function = _METRICS[kind]
    number = int(cutoff) if at else None
    return lambda ranked, judged: function(ranked, judged, number)


def _in_order(ranked: Ranked, query: str) -> list[str]:
    if isinstance(ranked, Mapping):
        ids = list(ranked)
        where = [f"the score of document {id!r} for query {query!r}" for id in ids]
        scores = _numbers(list(ranked.values()), where.__getitem__)
        return [ids[i] for i in np.argsort(-scores, kind="stable")]
    if isinstance(ranked, str):
        raise TypeError("a ranking is a sequence of document ids, not one string")
    ids = list(ranked)
    try:
        twice = [id for id, count in Counter(ids).items() if count > 1]
    except TypeError:
        raise InvalidArgument(
            f"the ranking of query {query!r} must hold ids of documents, got a "
            f"{type(ids[0]).__name__}"
        ) from None
    if twice:
        raise InvalidArgument(f"document {twice[0]!r} occurs twice in the ranking of {query!r}")
    return ids


def _check_ids(run: Mapping[Any, Any], qrels: Mapping[Any, Any]) -> None:
    """Throws InvalidArgument where ids of one are of other types than those of the other: then
    nothing is found, and every value is 0."""

    def kind(id: Any) -> str:  # np.str_ is a str, and equals one
        return "str" if isinstance(id, str) else "number" if checks.is_real(id) else "other"

    def kinds(found: Iterable[Any]) -> set[str]:
        return {kind(id) for id in found}

    asked, answered = kinds(qrels), kinds(run)
    judged = kinds(id for grades in qrels.values() for id in grades)
    ranked = kinds(id for query in qrels for id in run.get(query, ()))
    for what, ours, theirs in (("queries", answered, asked), ("documents", ranked, judged)):
        if ours and theirs and not ours & theirs:
            raise InvalidArgument(
                f"the run's {what} are {', '.join(sorted(ours))} and the judged ones "
                f"{', '.join(sorted(theirs))}: none is the same; make both str"
            )


def _judged(query: str, grades: Mapping[str, float]) -> dict[str, float]:
    """Document -> grade. Throws InvalidArgument."""
    documents = list(grades)
    numbers = _numbers(
        list(grades.values()),
        lambda place: f"the grade of document {documents[place]!r} for query {query!r}",
    )
    return dict(zip(documents, numbers.tolist(), strict=True))


def evaluate(
    run: Mapping[str, Ranked],
    qrels: Mapping[str, Mapping[str, float]],
    metrics: Iterable[str] = ("ndcg@10", "mrr@10", "recall@100", "map"),
) -> dict[str, dict[str, float]]:
    """{metric: {query: value}} for every judged query, in the order of `qrels`.

    A judged query that the run lacks counts as 0; a query of the run without judgements is left
    out. trec_eval has this with its flag -c. A mapping is ranked by score, ties in its own order.
    Throws InvalidArgument for a grade or a score that is no finite number and for a document that
    comes twice, naming query and document; and where the ids are of other types than the judged.
    """
    if isinstance(metrics, str):
        raise InvalidArgument(f"metrics must be a list of names, got a str: [{metrics!r}]?")
    functions = {name: _metric(name) for name in metrics}
    values: dict[str, dict[str, float]] = {name: {} for name in functions}
    for query, given in qrels.items():
        grades = _judged(query, given)
        ranked = [grades.get(document, 0.0) for document in _in_order(run.get(query, ()), query)]
        judged = list(grades.values())
        for name, function in functions.items():
            values[name][query] = function(ranked, judged)
    _check_ids(run, qrels)
    return values


def mean(values: Mapping[str, float]) -> float:
    """The mean over the queries."""
    if not values:
        raise ValueError("no query has a value")
    return float(np.mean(np.fromiter(values.values(), dtype=np.float64, count=len(values))))
