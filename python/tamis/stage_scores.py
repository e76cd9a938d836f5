"""What a stage that is a Python function returns, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


_TIES = (
    "'{}' gave scores that differ by less than float32 can tell, and are ties now; subtract a "
    "constant or scale them (the age in hours, and not Unix seconds). A callable without "
    "divisible=True keeps their order"
)


def _column(given: Any) -> NDArray[Any]:
    """Numbers [documents], as precise as they came. Throws InvalidArgument."""
    try:
        scores = np.asarray(as_numpy(given))
        if scores.dtype.kind not in "biuf":
            scores = scores.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"its scores are no numbers: {error}") from error
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    if scores.ndim != 1:
        raise InvalidArgument(f"it must return one score a document, got shape {scores.shape}")
    return scores


def _rounded(scores: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # infinity fails the stage, in its own words
        return scores.astype(np.float32)


def _merge(scores: NDArray[Any]) -> bool:
    """Whether float32 makes ties of different ones."""
    if np.can_cast(scores.dtype, np.float32):
        return False
    narrow = _rounded(scores)
    return bool(np.isfinite(narrow).all()) and len(np.unique(narrow)) < len(np.unique(scores))


def _apart(scores: NDArray[Any]) -> NDArray[np.float32]:
    """float32 in the same order: those that would be ties, and what is in their way, are moved up
    and down by as many floats as keep them apart."""
    values, places = np.unique(scores, return_inverse=True)
    bits = _rounded(values).view(np.int32).astype(np.int64)
    numbers = np.where(bits < 0, -(2**31) - bits, bits)  # neighbours among floats differ by 1
    count = np.arange(len(numbers))
    up = np.maximum.accumulate(numbers - count)
    down = np.minimum.accumulate((numbers - count)[::-1])[::-1]
    numbers = (up + down) // 2 + count
    bits = np.where(numbers < 0, -(2**31) - numbers, numbers)
    return bits.astype(np.int32).view(np.float32)[places]


def told(result: Any, name: str, divisible: bool) -> tuple[Any, ...]:
    """As the native stage reads it. Throws InvalidArgument, which fails the stage.

    A cascade's scores are float32. Where that would make ties of different ones, they are kept
    apart; not those of a divisible stage, which come in pieces that know nothing of one another:
    it gets a warning.
    """
    given = result if isinstance(result, Scored) else Scored(no_coroutine(result))
    scores = _column(given.scores)
    merge = _merge(scores)
    narrow = _apart(scores) if merge and not divisible else _rounded(scores)
    tokens = checks.natural("tokens", given.tokens)
    truncated = checks.natural("truncated", given.truncated)
    checks.number("dollars", given.dollars)
    said = (str(one) for one in checks.list_of("warnings", given.warnings))
    warnings = [one.encode("utf-8", "replace").decode() for one in said]
    if merge and divisible:
        warnings.append(_TIES.format(name))
    return narrow, tokens, truncated, float(given.dollars), warnings
