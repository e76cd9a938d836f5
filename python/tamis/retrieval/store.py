"""What an index says of its passages: one JSON object a line, found by its row."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tamis.errors import RetrievalError


def write_rows(rows: Iterable[dict[str, Any]], lines: Path, offsets: Path) -> None:
    """The rows, and where each begins."""
    begins = [0]
    with open(lines, "wb") as out:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
            out.write(line)
            begins.append(begins[-1] + len(line))
    np.save(offsets, np.array(begins, np.int64))


class MappedRows:
    """What `write_rows` wrote, mapped. Any number of threads may read it."""

    def __init__(self, lines: Path, offsets: Path) -> None:
        self._begins = np.load(offsets, mmap_mode="r")
        with open(lines, "rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._begins) < 2 or self._begins[-1] != len(self._bytes):
            raise RetrievalError(f"{lines} is damaged: {offsets.name} says another length")
        self._path = lines

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, row: int) -> dict[str, Any]:
        line = self._bytes[self._begins[row] : self._begins[row + 1]]
        try:
            found: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise RetrievalError(f"{self._path} is damaged at row {row}: {error}") from error
        return found
