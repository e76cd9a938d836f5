"""How good a ranking is, and whether the difference between two is more than luck."""

from tamis.eval.bootstrap import Interval, paired_bootstrap
from tamis.eval.files import read_qrels, read_run, write_qrels
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
    "read_qrels",
    "read_run",
    "recall",
    "reciprocal_rank",
    "write_qrels",
]
