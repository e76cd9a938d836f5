"""A run, its texts, and a model that grades by shared words: what `tamis judge` is tested with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .services import Asked

QUERIES = {"q1": "when do tulips flower", "q2": "who signed the treaty"}
PASSAGES = {
    "tulips": "tulips flower in spring",
    "ham": "ham comes from Westphalia",
    "treaty": "the envoys who signed",
    **{f"d{i}": f"passage number {i}" for i in range(30)},
}


def in_prompt(asked: Asked) -> tuple[str, str]:
    """Query and passage."""
    prompt = asked.json["messages"][0]["content"]
    found = re.search(r"<query>\n(.*)\n</query>.*<passage>\n(.*)\n</passage>", prompt, re.DOTALL)
    assert found
    return found[1], found[2]


def says(text: str) -> tuple[int, Any]:
    message = {"role": "assistant", "content": text}
    return 200, {"choices": [{"message": message}], "usage": {"total_tokens": 1000}}


def by_words(asked: Asked) -> tuple[int, Any]:
    """The grade is the number of words that query and passage share, at most 3."""
    query, passage = in_prompt(asked)
    shared = set(query.split()) & set(passage.split())
    return says(json.dumps({"reason": " ".join(sorted(shared)), "grade": min(3, len(shared))}))


def write_run(tmp_path: Path) -> None:
    """run, corpus.jsonl and queries.jsonl: two queries, all passages."""
    for name, texts in (("queries", QUERIES), ("corpus", PASSAGES)):
        lines = [json.dumps({"_id": id, "text": text}) for id, text in texts.items()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    run = [
        f"{query} Q0 {document} {rank} {-rank} bm25\n"
        for query in QUERIES
        for rank, document in enumerate(PASSAGES, 1)
    ]
    (tmp_path / "run").write_text("".join(run))


def arguments_of(folder: Path, url: str, *more: str) -> list[str]:
    return [
        "judge", str(folder / "run"), str(folder / "qrels"), "--base-url", url, "--model", "m",
        "--corpus", str(folder / "corpus.jsonl"), "--queries", str(folder / "queries.jsonl"), *more,
    ]  # fmt: skip


def ledger_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "qrels.judgements.jsonl").read_text("utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]
