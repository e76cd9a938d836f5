"""The texts and queries of the collections in BEIR form below a folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path


def _lines(path: Path) -> Iterator[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def collection_folders(data: Path) -> list[Path]:
    """Each folder that holds a corpus or queries."""
    found = {
        p.parent for pattern in ("corpus.jsonl*", "queries.jsonl*") for p in data.rglob(pattern)
    }
    return sorted(found)


def texts_of(folder: Path) -> tuple[list[str], list[str]]:
    """Documents (title and text apart, as callers may join them in any way) and queries."""
    documents: list[str] = []
    queries: list[str] = []
    for path in sorted(folder.glob("corpus.jsonl*")):
        for row in _lines(path):
            documents += [text for text in (row.get("title"), row.get("text")) if text]
    for path in sorted(folder.glob("queries.jsonl*")):
        queries += [row["text"] for row in _lines(path)]
    return documents, queries
