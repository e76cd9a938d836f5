"""BM25, by bm25s.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, in the form
that Lucene computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis.retrieval import extra
from tamis.retrieval.words import Analyzer

Found = tuple[NDArray[np.int64], NDArray[np.float32]]  # rows and their scores, best first


class Lexical:
    """An index of texts. Immutable: any number of threads may search it."""

    def __init__(self, bm25: Any, analyzer: Analyzer) -> None:
        self._bm25 = bm25
        self._analyzer = analyzer

    @classmethod
    def build(cls, texts: Sequence[str], language: str | None) -> Lexical:
        analyzer = Analyzer(language)
        bm25 = extra.load("bm25s", "bm25s").BM25(k1=1.5, b=0.75, method="lucene")
        # A text without words has one that no query has: bm25s divides by the mean length.
        terms = [analyzer(text) or [""] for text in texts]
        bm25.index(terms, create_empty_token=False, show_progress=False)
        return cls(bm25, analyzer)

    @classmethod
    def open(cls, folder: Path, language: str | None) -> Lexical:
        """What `save` wrote, mapped."""
        bm25 = extra.load("bm25s", "bm25s").BM25.load(folder, mmap=True, show_progress=False)
        return cls(bm25, Analyzer(language))

    def save(self, folder: Path) -> None:
        self._bm25.save(folder, show_progress=False)

    def __len__(self) -> int:
        return int(self._bm25.scores["num_docs"])

    def top(self, query: str, count: int) -> Found:
        """The best `count` texts with a word of the query, equal ones in their order."""
        known = self._bm25.get_tokens_ids(self._analyzer(query))
        if not known:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(known)
        least = np.partition(scores, -count)[-count] if count < len(scores) else 0.0
        rows = np.flatnonzero((scores >= least) & (scores > 0))
        rows = rows[np.argsort(-scores[rows], kind="stable")][:count]
        return rows, scores[rows]
