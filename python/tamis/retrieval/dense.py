"""Nearest neighbours of dense vectors, by usearch.

Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
Navigable Small World graphs", 2016.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamis.retrieval import extra
from tamis.retrieval.lexical import Found

# Candidates that a search looks at: with usearch's 64 it misses some of the best 200.
_EXPANSION = 256


class Dense:
    """An index of unit vectors. Any number of threads may search it."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        graph.expansion_search = _EXPANSION
        # usearch numbers the workers of each call from 0: two calls at once would share a worker's
        # memory. A search takes a millisecond.
        self._lock = threading.Lock()

    @classmethod
    def build(cls, vectors: NDArray[np.float32]) -> Dense:
        graph = extra.load("usearch.index", "usearch").Index(
            ndim=vectors.shape[1], metric="cos", dtype="f16"
        )
        # One thread: the same vectors make the same graph. Encoding takes far longer.
        graph.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=1)
        return cls(graph)

    @classmethod
    def open(cls, path: Path) -> Dense:
        """What `save` wrote, mapped."""
        return cls(extra.load("usearch.index", "usearch").Index.restore(path, view=True))

    def save(self, path: Path) -> None:
        self._graph.save(path)

    def __len__(self) -> int:
        return len(self._graph)

    def top(self, vector: NDArray[np.float32], count: int) -> Found:
        """The `count` nearest vectors and their cosines."""
        with self._lock:
            matches = self._graph.search(vector, min(count, len(self)), threads=1)
            rows = matches.keys.astype(np.int64)
            scores = (1 - matches.distances).astype(np.float32)
        order = np.lexsort((rows, -scores))
        return rows[order], scores[order]
