"""Reading collections in BEIR form, BM25 candidates, and nDCG."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import bm25s
import numpy as np
import Stemmer

_STEMMER = Stemmer.Stemmer("english")


@dataclasses.dataclass
class Dataset:
    """One split: document texts (title in front), query texts, and grades by query."""

    docs: dict[str, str]
    titles: dict[str, str]
    queries: dict[str, str]
    qrels: dict[str, dict[str, float]]


def _rows(folder: pathlib.Path, name: str) -> Iterator[dict]:
    path = folder / name
    opener = open if path.exists() else gzip.open
    with opener(path if path.exists() else f"{path}.gz", "rt", encoding="utf-8") as lines:  # type: ignore[operator]
        yield from map(json.loads, lines)


def read(folder: pathlib.Path, split: str) -> Dataset:
    """Read `corpus.jsonl`, `queries.jsonl` (either may be gzipped) and `qrels/<split>.tsv`."""
    docs, titles, qrels = {}, {}, {}
    for row in _rows(folder, "corpus.jsonl"):
        titles[row["_id"]] = row.get("title", "")
        docs[row["_id"]] = row["text"]
    with open(folder / "qrels" / f"{split}.tsv", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            grades = qrels.setdefault(row["query-id"], {})
            grades[row["corpus-id"]] = float(row["score"])
    texts = {row["_id"]: row["text"] for row in _rows(folder, "queries.jsonl")}
    return Dataset(docs, titles, {query: texts[query] for query in qrels}, qrels)


def titled(title: str, text: str) -> str:
    """Title and text as one passage."""
    return f"{title}. {text}" if title and title[-1].isalnum() else f"{title} {text}".strip()


def run(path: pathlib.Path) -> dict[str, list[tuple[str, float]]]:
    """Read a TREC run file: query -> (document, score), best first."""
    found: dict[str, list[tuple[str, float]]] = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            query, _, doc, _, score, _ = line.split()
            found.setdefault(query, []).append((doc, float(score)))
    return {query: sorted(hits, key=lambda hit: -hit[1]) for query, hits in found.items()}


def stems(texts: Sequence[str]) -> Any:
    """English stems, as bm25s takes them."""
    return bm25s.tokenize(list(texts), stopwords="en", stemmer=_STEMMER, show_progress=False)


def character_pairs(texts: Sequence[str]) -> list[list[str]]:
    """What stands for words where a script has no spaces."""
    return [[text[at : at + 2] for at in range(len(text) - 1)] for text in texts]


class Bm25:
    """BM25 over a list of texts; `words` are their terms."""

    def __init__(self, texts: Sequence[str], words: Callable[[Sequence[str]], Any] = stems) -> None:
        self._words = words
        self._size = len(texts)
        self._index = bm25s.BM25()
        self._index.index(words(texts), show_progress=False)

    def top(self, queries: Sequence[str], keep: int) -> list[list[tuple[int, float]]]:
        """For each query, the best `keep` (text index, score) with a score above zero."""
        indices, scores = self._index.retrieve(
            self._words(queries), k=min(keep, self._size), show_progress=False
        )
        return [
            [(int(at), float(score)) for at, score in zip(*row, strict=True) if score > 0]
            for row in zip(indices, scores, strict=True)
        ]

    def scores(self, query: str) -> np.ndarray:
        """The score of every text, for a query in English."""
        words = bm25s.tokenize(
            query, stopwords="en", stemmer=_STEMMER, return_ids=False, show_progress=False
        )[0]
        return self._index.get_scores(words) if words else np.zeros(self._size)


def judged_list(
    name: str,
    data: Dataset,
    query: str,
    hits: Sequence[tuple[str, float]],
    texts: Mapping[str, str],
) -> dict:
    """A query's candidates (document, BM25's score) with their `texts` and grades."""
    return {
        "set": name,
        "query": data.queries[query],
        "passages": [texts[doc] for doc, _ in hits],
        "grades": [data.qrels[query].get(doc, 0.0) for doc, _ in hits],
        "judged": list(data.qrels[query].values()),
        "bm25": [score for _, score in hits],
    }


def judged_lists(
    data: pathlib.Path, name: str, depth: int = 100, split: str = "test"
) -> list[dict]:
    """Each query's candidates: of the collection's own run where one came, else stemmed BM25's.

    MEDIQA's runs are the retrieval system's own lists, whose order BM25 does not give: beside them
    stand BM25 scores over the split's answers.
    """
    found = read(data / name, split)
    keys = list(found.docs)
    texts = {key: titled(found.titles[key], found.docs[key]) for key in keys}
    asked = list(found.queries)
    own = [data / name / "runs" / f"{stem}.trec" for stem in ("bm25", f"chiqa_{split}")]
    path = next((path for path in own if path.exists()), None)
    if path:
        hits = run(path)
        tops = [[hit for hit in hits[query] if hit[0] in texts][:depth] for query in asked]
    if path is None or path.name != "bm25.trec":
        indexed = Bm25([texts[key] for key in keys])
        if path:
            place = {key: at for at, key in enumerate(keys)}
            lexical = [indexed.scores(found.queries[query]) for query in asked]
            tops = [
                [(doc, float(scores[place[doc]])) for doc, _ in top]
                for scores, top in zip(lexical, tops, strict=True)
            ]
        else:
            ranked = indexed.top([found.queries[query] for query in asked], depth)
            tops = [[(keys[at], score) for at, score in top] for top in ranked]
    return [
        judged_list(name, found, query, top, texts) for query, top in zip(asked, tops, strict=True)
    ]


def zscore(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Values less their mean, over their deviation (zeros where all are equal)."""
    array = np.asarray(values, dtype=np.float64)
    return (array - array.mean()) / (array.std() or 1.0)


def ndcg(grades: Sequence[float], scores: Sequence[float], judged: Sequence[float], at: int = 10):
    """nDCG with linear gains; `judged` are all the query's grades, ties keep the list's order."""
    order = np.argsort(-np.asarray(scores), kind="stable")[:at]
    gain = sum(grades[place] / math.log2(rank + 2) for rank, place in enumerate(order))
    ideal = sorted(judged, reverse=True)[:at]
    return gain / (sum(grade / math.log2(rank + 2) for rank, grade in enumerate(ideal)) or 1.0)
