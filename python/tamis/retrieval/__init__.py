"""The first stage: BM25 and dense vectors over one set of passages, fused.

from tamis import Index
index = Index.build(documents)
index.search("who signed the treaty?", 200)
"""

from __future__ import annotations

from tamis.retrieval.folder import read_folder
from tamis.retrieval.index import FUSIONS, Fusion, Index
from tamis.retrieval.passages import Passage

__all__ = ["FUSIONS", "Fusion", "Index", "Passage", "read_folder"]
