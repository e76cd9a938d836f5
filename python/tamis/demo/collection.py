"""SciFact's test claims and abstracts (data/README.md has their licences)."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np

from tamis.demo.bm25 import BM25


@dataclass(frozen=True)
class Abstract:
    id: str
    title: str
    text: str

    @property
    def passage(self) -> str:
        """What the retriever indexes and the reranker reads."""
        return f"{self.title} {self.text}"


@dataclass(frozen=True)
class Claim:
    id: str
    text: str
    relevant: dict[str, int]  # abstract id -> grade


@dataclass(frozen=True)
class Candidates:
    """One claim's abstracts as BM25 ranks them, best first."""

    claim: Claim
    abstracts: list[Abstract]
    scores: list[float]


def _rows(name: str) -> list[dict[str, Any]]:
    packed = files("tamis.demo").joinpath("data", name).read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).decode("utf-8").splitlines()]


def load_claims() -> list[Claim]:
    return [Claim(row["id"], row["claim"], row["relevant"]) for row in _rows("claims.jsonl.gz")]


def load_abstracts() -> list[Abstract]:
    return [Abstract(**row) for row in _rows("abstracts.jsonl.gz")]


def retrieve(claims: list[Claim], abstracts: list[Abstract], depth: int) -> list[Candidates]:
    """The first stage: BM25's best `depth` abstracts for each claim."""
    index = BM25([abstract.passage for abstract in abstracts])
    found = []
    for claim in claims:
        order, scores = index.top(claim.text, depth)
        found.append(Candidates(claim, [abstracts[i] for i in order], scores.tolist()))
    return found


T = TypeVar("T")


def sample(candidates: list[T], seed: int) -> list[T]:
    """All of them in a random order that is the same every time: any head is a fair sample."""
    order = np.random.default_rng(seed).permutation(len(candidates))
    return [candidates[i] for i in order]
