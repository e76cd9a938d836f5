"""How good a ranking is, and whether the difference between two is more than luck."""

from tamis.eval.bootstrap import Interval, paired_bootstrap
from tamis.eval.metrics import (
    average_precision,
    evaluate,
    mean,
    ndcg,
    recall,
    reciprocal_rank,
)

__all__ = [
    "Interval",
    "average_precision",
    "evaluate",
    "mean",
    "ndcg",
    "paired_bootstrap",
    "recall",
    "reciprocal_rank",
]
