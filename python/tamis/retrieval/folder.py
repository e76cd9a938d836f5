"""A folder of documents -> passages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tamis import checks, jsonl
from tamis.errors import InvalidArgument
from tamis.retrieval.passages import Passage, check_budget, check_ids, cut_document

SUFFIXES = (".txt", ".md", ".jsonl")
WORDS, OVERLAP = 200, 40


def read_folder(
    folder: str | os.PathLike[str],
    *,
    words: int = WORDS,
    overlap: int = OVERLAP,
    lines: bool = False,
) -> list[Passage]:
    """Passages of all .txt, .md and .jsonl files below `folder`, in the order of their paths.

    A text is cut into passages of `words` words that overlap by `overlap`; 0 words keeps it whole.
    `lines`: each line of a .txt file is a document. A line of a .jsonl file is a document: an
    object with `text`, and `id` (or `_id`) and `title` where it has them; null is as if it were not
    there, and an empty id is refused. Throws InvalidArgument.
    """
    check_budget(checks.natural("words", words), checks.natural("overlap", overlap))
    root = checks.path("folder", folder)
    if not root.is_dir():
        raise InvalidArgument(f"{root} is no folder")
    found: list[Passage] = []
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            for id, title, text in _documents(path, path.relative_to(root).as_posix(), lines):
                found += cut_document(id, title, text, words, overlap)
    if not found:
        raise InvalidArgument(f"{root} has no text in files ending in {', '.join(SUFFIXES)}")
    check_ids(found)
    return found


def _documents(path: Path, name: str, lines: bool) -> Iterator[tuple[str, str, str]]:
    """(id, title, text)."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path} is no UTF-8: {error}") from None
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        for number, line in enumerate(content.split("\n"), 1):
            if line.strip():
                yield _row(line, f"{path}, line {number}", f"{name}:{number}")
    elif suffix == ".txt" and lines:
        for number, line in enumerate(content.splitlines(), 1):
            yield f"{name}:{number}", "", line
    else:
        yield name, _heading(content) if suffix == ".md" else "", content


def _row(line: str, where: str, fallback_id: str) -> tuple[str, str, str]:
    row = jsonl.parsed(line, where)
    if not isinstance(row.get("text"), str):
        raise InvalidArgument(f"{where} must be an object with a str 'text'")
    id = next((row[name] for name in ("id", "_id") if row.get(name) is not None), fallback_id)
    if id == "":
        raise InvalidArgument(f"{where} has an empty id; give it one, or leave it out")
    title = row.get("title")
    return (
        str(id),
        title if isinstance(title, str) else "",
        row["text"],
    )


def _heading(content: str) -> str:
    """Of a Markdown file that does not begin with it: then the text has it already."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    headings = [line.lstrip("#").strip() for line in lines if line.startswith("# ")]
    return headings[0] if headings and not lines[0].startswith("# ") else ""
