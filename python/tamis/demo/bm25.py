"""BM25 over a small collection, in NumPy: the first stage of the demo.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, in the form
that Lucene computes: idf = log(1 + (N - df + 0.5) / (df + 0.5)), stopwords of Lucene, Porter stems.
k1 and b are those of bm25s, which do better here than Lucene's own (nDCG@10 0.688, not 0.683): a
reranker is to be measured against a first stage at its best.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tamis.demo.porter import stem

_WORD = re.compile(r"[a-z0-9]+")
_STOPWORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they",
    "this", "to", "was", "will", "with",
})  # fmt: skip


class BM25:
    """An index of `texts`; immutable once built."""

    def __init__(self, texts: Sequence[str], *, k1: float = 1.5, b: float = 0.75) -> None:
        self._stems: dict[str, str] = {}
        counts = [Counter(self._terms(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], dtype=np.float64)
        mean_length = max(float(lengths.mean()), 1.0) if len(texts) else 1.0
        norms = k1 * (1 - b + b * lengths / mean_length)
        documents: dict[str, list[int]] = {}
        frequencies: dict[str, list[int]] = {}
        for document, count in enumerate(counts):
            for term, frequency in count.items():
                documents.setdefault(term, []).append(document)
                frequencies.setdefault(term, []).append(frequency)
        self._size = len(texts)
        self._postings: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = {}
        for term, found in documents.items():
            ids = np.array(found, dtype=np.int64)
            tf = np.array(frequencies[term], dtype=np.float64)
            idf = np.log(1 + (self._size - len(ids) + 0.5) / (len(ids) + 0.5))
            self._postings[term] = (ids, idf * tf / (tf + norms[ids]))

    def scores(self, query: str) -> npt.NDArray[np.float64]:
        """One score per document; a term that the query repeats counts as often as it occurs."""
        scores = np.zeros(self._size)
        for term in self._terms(query):
            if term in self._postings:
                ids, weights = self._postings[term]
                scores[ids] += weights
        return scores

    def top(self, query: str, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Indices and scores of the best `count` documents, ties in document order."""
        scores = self.scores(query)
        order = np.argsort(-scores, kind="stable")[:count]
        return order, scores[order]

    def _terms(self, text: str) -> list[str]:
        terms = []
        for word in _WORD.findall(text.lower()):
            if word in _STOPWORDS:
                continue
            if word not in self._stems:
                self._stems[word] = stem(word)
            terms.append(self._stems[word])
        return terms
