"""Files with a JSON object in each line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamis.errors import InvalidArgument


def parsed(line: str, where: str) -> dict[str, Any]:
    """The object in a line. `where` names the line in an error: 'corpus.jsonl, line 3'."""
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise InvalidArgument(f"{where} is no JSON: {error}") from None
    except RecursionError:
        raise InvalidArgument(f"{where} nests too deep to be read as JSON") from None
    if not isinstance(row, dict):
        raise InvalidArgument(f"{where} must be an object, got {type(row).__name__}")
    return row


def lines(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """(where, line) of each line of a UTF-8 file that is not empty."""
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}, line {number}", line
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path} is no UTF-8: {error}") from None


def rows(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, object) of each line that is not empty."""
    for where, line in lines(path):
        yield where, parsed(line, where)
