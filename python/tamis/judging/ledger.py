"""Judgements as they come, one JSON object a line: what is in it is not paid for again."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tamis import jsonl
from tamis.errors import InvalidArgument
from tamis.eval.files import check_id
from tamis.judging.pairs import Pair
from tamis.remote import Judgement

_NEEDED = ("query_id", "doc_id", "grade", "model", "rubric")
_BEGIN = b'{"query_id": "'  # of every line


class Ledger:
    """Of one model and one version of a rubric, unless `mix`. A process has it for itself.

    Each line: query_id, doc_id, grade (null: the model answered, and there was no grade in it),
    reason, error, model, rubric, tokens, dollars. Throws InvalidArgument for a file that is none,
    for judgements of another model or rubric, and where another process writes it.
    `dollars`: what all of them cost.
    """

    def __init__(
        self, path: str | os.PathLike[str], model: str, rubric: str, *, mix: bool = False
    ) -> None:
        self.path = Path(path)
        self._by = {"model": model, "rubric": rubric}
        self._file = self.path.open("a+b")
        try:
            self._lock()
            self._rows = self._read()
            self.dollars = float(sum(row.get("dollars") or 0 for row in self._rows.values()))
            if not mix:
                self._refuse_others()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def missing(self, pairs: Sequence[Pair], *, again: bool = False) -> list[Pair]:
        """Those that were not judged, each once; `again`: and those that have no grade. Throws
        InvalidArgument for an id that a ledger cannot hold."""
        found: dict[tuple[str, str], Pair] = {}
        for pair in pairs:
            check_id(pair.query_id)
            check_id(pair.document_id)
            row = self._rows.get((pair.query_id, pair.document_id))
            if row is None or (again and row["grade"] is None):
                found.setdefault((pair.query_id, pair.document_id), pair)
        return list(found.values())

    def add(self, pair: Pair, judgement: Judgement) -> None:
        """Appends; the line is in the file when it returns."""
        row = {
            "query_id": pair.query_id,
            "doc_id": pair.document_id,
            "grade": judgement.grade,
            "reason": judgement.reason,
            "error": judgement.error,
            **self._by,
            "tokens": judgement.tokens,
            "dollars": judgement.dollars,
        }
        line = json.dumps(row, ensure_ascii=False) + "\n"
        self._file.write(line.encode("utf-8", "backslashreplace"))  # JSON's own escape
        self._file.flush()
        self.dollars += judgement.dollars
        self._rows[pair.query_id, pair.document_id] = row

    def qrels(self) -> dict[str, dict[str, int]]:
        """query -> document -> grade, rounded, of all that have one."""
        found: dict[str, dict[str, int]] = {}
        for (query, document), row in self._rows.items():
            if row["grade"] is not None:
                found.setdefault(query, {})[document] = int(row["grade"] + 0.5)
        return found

    # --- opening

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArgument(f"{self.path} is being written by another process") from None
        except OSError:
            return  # a file system without locks

    def _read(self) -> dict[tuple[str, str], dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        self._file.seek(0)
        *lines, torn = self._file.read().split(b"\n")
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = self._row(line, f"{self.path}, line {number}")
                found[row["query_id"], row["doc_id"]] = row
        if torn:
            self._cut(torn, len(lines) + 1)
        return found

    def _row(self, line: bytes, where: str) -> dict[str, Any]:
        row = jsonl.parsed(line.decode("utf-8", "replace"), where)
        missing = [name for name in _NEEDED if name not in row]
        if missing:
            raise InvalidArgument(f"{where} is no judgement: it has no '{missing[0]}'")
        for name in ("query_id", "doc_id"):
            if not isinstance(row[name], str):
                raise InvalidArgument(f"{where}: {name} {row[name]!r} is no str")
            check_id(row[name], where)
        for name in ("grade", "dollars"):
            if row.get(name) is not None and not _is_number(row[name]):
                raise InvalidArgument(f"{where}: the {name} {row[name]!r} is no number")
        return row

    def _cut(self, torn: bytes, number: int) -> None:
        """What a killed process left of its last line; no other file is touched."""
        if not torn.startswith(_BEGIN) and not _BEGIN.startswith(torn):
            raise InvalidArgument(f"{self.path}, line {number} is no judgement")
        self._file.truncate(self._file.tell() - len(torn))

    def _refuse_others(self) -> None:
        for name, own in self._by.items():
            others = Counter(row[name] for row in self._rows.values() if row[name] != own)
            if others:
                other, count = others.most_common(1)[0]
                raise InvalidArgument(
                    f"{self.path} has {count} judgements with {name} '{other}', and this job has "
                    f"'{own}': name another file, or mix them on purpose (--mix)"
                )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
