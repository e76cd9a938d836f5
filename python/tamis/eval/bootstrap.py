"""A paired bootstrap interval (include/tamis/eval/bootstrap.hpp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Interval:
    """The mean of after - before over the queries, and where it would lie with other queries."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile interval of the mean difference, queries drawn with replacement.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for retrieval,
    Sakai, "Evaluating Evaluation Metrics based on the Bootstrap", SIGIR 2006. `before` and `after`
    hold one value per query each, in the same order.
    """
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        raise ValueError("give lists of values, one a query: list(values.values()) of evaluate's")
    shapes = np.shape(before), np.shape(after)
    if shapes[0] != shapes[1] or len(shapes[0]) != 1 or shapes[0] == (0,):
        raise ValueError(
            f"values of shape {np.shape(before)} before and {np.shape(after)} after; a paired "
            "interval needs one of each for every query, and a query at least"
        )
    difference = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    if not np.all(np.isfinite(difference)):
        raise ValueError("a query's values have no finite difference")
    if resamples < 1 or not 0 < confidence < 1:
        raise ValueError(
            f"resamples is {resamples} and confidence {confidence}; they must be at least 1 and "
            "between 0 and 1"
        )
    random = np.random.default_rng(seed)
    count = difference.size
    means = np.empty(resamples)
    rows = max(1, 4_000_000 // count)  # bounds the memory of one draw
    for begin in range(0, resamples, rows):
        end = min(begin + rows, resamples)
        drawn = random.integers(count, size=(end - begin, count))
        means[begin:end] = difference[drawn].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(difference.mean()), float(low), float(high))
