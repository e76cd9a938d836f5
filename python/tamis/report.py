"""What was cut to score a call's pairs: as data, and as a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamis.errors import TruncationWarning


@dataclass(frozen=True, eq=False)
class TruncationReport:
    """Of one call. Arrays are in the caller's order."""

    query_tokens_cut: NDArray[np.uint32]  # [pairs]
    document_tokens_cut: NDArray[np.uint32]  # [pairs]; 0 where windows read the whole document
    tokens: int  # scored, special ones included; equal pairs count once
    # [pairs, 2], characters of the winning window in the document; only with windows
    spans: NDArray[np.int64] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TruncationReport):
            return NotImplemented
        return self.tokens == other.tokens and all(
            np.array_equal(*both)
            for both in (
                (self.query_tokens_cut, other.query_tokens_cut),
                (self.document_tokens_cut, other.document_tokens_cut),
                (np.array(self.spans), np.array(other.spans)),
            )
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def pairs(self) -> int:
        """Pairs scored."""
        return len(self.query_tokens_cut)

    @property
    def pairs_cut(self) -> int:
        """Pairs that lost tokens."""
        return int(np.count_nonzero(self.query_tokens_cut + self.document_tokens_cut))

    @property
    def tokens_cut(self) -> int:
        """Tokens that no score has seen, over all pairs."""
        return int(self.query_tokens_cut.sum() + self.document_tokens_cut.sum())

    def part(self, begin: int, end: int) -> TruncationReport:
        """Of some of the pairs; `tokens` stays the call's."""
        return TruncationReport(
            self.query_tokens_cut[begin:end],
            self.document_tokens_cut[begin:end],
            self.tokens,
            None if self.spans is None else self.spans[begin:end],
        )

    def __str__(self) -> str:
        pairs = "1 pair" if self.pairs == 1 else f"{self.pairs} pairs"
        if not self.pairs_cut:
            return f"{pairs}, none cut"
        were = "was" if self.pairs_cut == 1 else "were"
        return (
            f"{self.pairs_cut} of {pairs} {were} longer than what is read and lost "
            f"{self.tokens_cut} tokens ({int(self.query_tokens_cut.sum())} of queries, "
            f"{int(self.document_tokens_cut.sum())} of documents)"
        )


class Prediction(NamedTuple):
    """What `predict_with_report` returns."""

    scores: Any  # as `predict` returns them
    report: TruncationReport


class Ranked(NamedTuple):
    """What `rank_with_report` returns."""

    hits: list[dict[str, Any]]  # as `rank` returns them
    report: TruncationReport


def join(reports: list[TruncationReport]) -> TruncationReport:
    """The report of calls that were made one after another."""
    spans = [report.spans for report in reports if report.spans is not None]
    return TruncationReport(
        np.concatenate([report.query_tokens_cut for report in reports]),
        np.concatenate([report.document_tokens_cut for report in reports]),
        sum(report.tokens for report in reports),
        np.concatenate(spans) if spans else None,
    )


def level_of_caller() -> int:
    """The `stacklevel` of the first frame outside this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("tamis."):
        level, frame = level + 1, frame.f_back
    return level


def _limits(report: TruncationReport, native: Mapping[str, Any]) -> str:
    """Those that may have cut: the one of a pair, and those of the sides that lost tokens."""
    limits = [f"{native['max_length']} tokens of a pair"]
    if report.query_tokens_cut.any() and "max_query_tokens" in native:
        limits.append(f"{native['max_query_tokens']} of a query")
    if report.document_tokens_cut.any() and "max_document_tokens" in native:
        limits.append(f"{native['max_document_tokens']} of a document")
    return ", ".join(limits)


def warn_if_cut(report: TruncationReport, native: Mapping[str, Any]) -> None:
    """One TruncationWarning for a call, at the line that called tamis. `native`: the arguments of
    the call that cut, which has the limits."""
    if not report.pairs_cut:
        return
    advice = "use on_truncation='window' to score documents whole, or 'ignore' to silence this"
    if native["on_truncation"] == "window":
        advice = (
            "windows read what max_doc_tokens leaves of a document, and leave a query half the "
            "room at most"
        )
    message = f"{report} (limits: {_limits(report, native)}); {advice}"
    warnings.warn(TruncationWarning(message), stacklevel=level_of_caller())
