"""What a stage that is a Python function returns, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis import checks
from tamis.activation import as_numpy
from tamis.errors import InvalidArgument
from tamis.finders import no_coroutine


@dataclass(frozen=True)
class Scored:
    """What a callable may return instead of scores, to have it in the trace."""

    scores: Any
    tokens: int = 0
    truncated: int = 0  # texts that were cut
    dollars: float = 0.0
    warnings: Sequence[str] = ()


def told(result: Any) -> tuple[Any, ...]:
    """As the native stage reads it. Throws InvalidArgument, which fails the stage."""
    given = result if isinstance(result, Scored) else Scored(no_coroutine(result))
    try:
        scores = np.asarray(as_numpy(given.scores), dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"its scores are no numbers: {error}") from error
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.ndim != 1:
        raise InvalidArgument(f"it must return one score a document, got shape {scores.shape}")
    tokens = checks.natural("tokens", given.tokens)
    truncated = checks.natural("truncated", given.truncated)
    checks.number("dollars", given.dollars)
    said = (str(one) for one in checks.list_of("warnings", given.warnings))
    warnings = [one.encode("utf-8", "replace").decode() for one in said]
    return scores, tokens, truncated, float(given.dollars), warnings
