"""A progress bar like sentence-transformers': tqdm where it is installed, else a plain one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any


class _PlainBar:
    def __init__(self, desc: str, total: int) -> None:
        self._desc, self._total, self._done = desc, total, 0

    def update(self, more: int) -> None:
        self._done += more
        sys.stderr.write(f"\r{self._desc}: {self._done}/{self._total}")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")


def _bar(desc: str, total: int) -> Any:
    try:
        from tqdm.autonotebook import tqdm
    except ImportError:
        return _PlainBar(desc, total)
    return tqdm(desc=desc, total=total)


class ProgressBar:
    """Counts batches of `size` pairs, whatever micro-batches are made of them."""

    def __init__(self, shown: bool, pairs: int, size: int, desc: str = "Batches") -> None:
        self._total = -(-pairs // size)
        self._pairs = pairs
        self._shown = 0
        self._bar = _bar(desc, self._total) if shown else None

    @property
    def callback(self) -> Callable[[int, int], None] | None:
        """For the native call: pairs done, of how many. None when nothing is shown."""
        return None if self._bar is None else self._set

    def _set(self, done: int, total: int) -> None:
        batches = done * self._total // max(total, 1)
        if self._bar is not None and batches > self._shown:
            self._bar.update(batches - self._shown)
            self._shown = batches

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if self._bar is not None:
            if kind is None:
                self._set(self._pairs, self._pairs)
            self._bar.close()
