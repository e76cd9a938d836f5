"""A run -> the pairs of query and passage that are to be judged."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamis import jsonl
from tamis.errors import InvalidArgument
from tamis.eval.files import check_id, read_run

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class Pair:
    """Of texts, with their ids."""

    query_id: str
    document_id: str
    query: str
    passage: str


def query_id(query: str) -> str:
    """The id of a query that has none: the first 16 hexadecimal digits of its SHA-256. It stays the
    same when lines are added or moved, and qrels can hold it."""
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def pairs_of(
    run: Source, corpus: Source | None = None, queries: Source | None = None, depth: int = 20
) -> list[Pair]:
    """The first `depth` documents of each query.

    `run`: a TREC run, whose texts are in `corpus` and `queries` (BEIR's: a JSON object with `_id`
    and `text` in each line, and `title` where there is one); or .jsonl with `query`, `candidates`
    (objects with `id` and `text`, best first, as `tamis search --json` prints them) and `id`: where
    there is none, it is `query_id(query)`. Throws InvalidArgument, which names file and line, also
    for ids that qrels cannot hold.
    """
    if depth < 1:
        raise InvalidArgument(f"depth must be at least 1, got {depth}")
    if Path(run).suffix == ".jsonl":
        found = list(_of_rows(run, depth))
    elif corpus is None or queries is None:
        raise InvalidArgument(f"{run} has ids only: give corpus and queries, which have the texts")
    else:
        found = _of_trec(run, corpus, queries, depth)
    if not found:
        raise InvalidArgument(f"{run} is empty: there is nothing to judge")
    return found


def _of_trec(run: Source, corpus: Source, queries: Source, depth: int) -> list[Pair]:
    heads = {query: documents[:depth] for query, documents in read_run(run).items()}
    asked = _texts(queries, heads)
    passages = _texts(corpus, (document for head in heads.values() for document in head))
    return [
        Pair(query, document, asked[query], passages[document])
        for query, documents in heads.items()
        for document in documents
    ]


def _texts(path: Source, wanted: Iterable[str]) -> dict[str, str]:
    """id -> title and text, of those that are wanted."""
    missing = dict.fromkeys(wanted)
    found: dict[str, str] = {}
    for where, row in jsonl.rows(path):
        id = _id(row)
        if id is None:
            raise InvalidArgument(f"{where} has no '_id'")
        if id in missing:
            del missing[id]
            found[id] = _titled(row, where)
    if missing:
        raise InvalidArgument(
            f"{path} lacks {len(missing)} of the ids that the run has, the first is "
            f"{next(iter(missing))}"
        )
    return found


def _of_rows(path: Source, depth: int) -> Iterator[Pair]:
    seen: set[tuple[str, str]] = set()
    for where, row in jsonl.rows(path):
        query, candidates = row.get("query"), row.get("candidates")
        if not isinstance(query, str) or not isinstance(candidates, list):
            raise InvalidArgument(f"{where} must have a str 'query' and a list 'candidates'")
        own_id = _id(row)
        asked = query_id(query) if own_id is None else own_id
        check_id(asked, where)
        for place, each in enumerate(candidates[:depth]):
            own = f"{where}, candidate {place}"
            document = _id(each) if isinstance(each, dict) else None
            if document is None:
                raise InvalidArgument(f"{own} must be an object with 'id' and 'text'")
            check_id(document, own)
            pair = Pair(asked, document, query, _titled(each, own))
            if (asked, document) in seen:
                raise InvalidArgument(f"{own}: document {document} comes twice for this query")
            seen.add((asked, document))
            yield pair


def _id(row: dict[str, Any]) -> str | None:
    id = row.get("_id", row.get("id"))
    return None if id is None else str(id)


def _titled(row: dict[str, Any], where: str) -> str:
    text, title = row.get("text"), row.get("title")
    if not isinstance(text, str):
        raise InvalidArgument(f"{where} has no str 'text'")
    in_front = isinstance(title, str) and title and not text.startswith(title)
    return f"{title}\n{text}" if in_front else text
