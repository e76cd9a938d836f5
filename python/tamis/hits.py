"""Scores -> a ranking as sentence-transformers returns it: a list of plain dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis import checks
from tamis.activation import Array
from tamis.scoring import Scored


def check_top_k(top_k: int | None) -> None:
    """None is all; above the count is all."""
    if top_k is not None:
        checks.natural("top_k", top_k)


def order(logits: Array, scores: Array, monotone: bool) -> NDArray[np.intp]:
    """Best first; ties keep the caller's order. By logit where the activation keeps their order: a
    sigmoid gives 1.0 to many different logits. Else by score."""
    return np.argsort(-(logits[:, 0] if monotone else scores), kind="stable")


def hits(
    scored: Scored,
    documents: Sequence[Any],
    texts: Sequence[str],
    *,
    monotone: bool,
    top_k: int | None,
    min_score: float | None,
    return_documents: bool,
) -> list[dict[str, Any]]:
    """`corpus_id` and `score`, and where asked for `text`; `document` holds what the caller gave
    where that was no str; `span` is the winning window, where documents were read in windows."""
    ranked: list[dict[str, Any]] = []
    for i in order(scored.logits, scored.scores, monotone).tolist():
        value = float(scored.scores[i])
        if min_score is not None and value < min_score:
            continue
        hit: dict[str, Any] = {"corpus_id": i, "score": value}
        if return_documents:
            hit["text"] = texts[i]
            if not isinstance(documents[i], str):
                hit["document"] = documents[i]
        if scored.report.spans is not None:
            hit["span"] = tuple(scored.report.spans[i].tolist())
        ranked.append(hit)
        if top_k is not None and len(ranked) >= top_k:
            break
    return ranked if top_k != 0 else []
