"""A finished folder takes its place, whoever else writes or reads there: the last writer wins, and
a reader finds one folder whole."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tamis.errors import RetrievalError

T = TypeVar("T")

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux
_TRIES = 100  # each is lost to another writer
_LOST = (errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY)


def put(made: Path, target: Path, check: Callable[[], None], *, replaces: bool) -> None:
    """Move `made` to `target`. What was there is left in `made`'s folder, for the caller to remove.
    `check` throws where `target` may not be replaced, or with `replaces` false where it is there:
    then no folder of files that comes between is moved.

    Linux swaps the two at once. Elsewhere, and in file systems that cannot, there is for a moment
    no folder: a reader may then be told so.
    """
    for attempt in range(_TRIES):
        check()
        try:
            if not (replaces and os.path.lexists(target)):
                os.rename(made, target)
            elif not _exchange(made, target):
                _replace(made, target, made.with_name(f"old-{attempt}"))
            return
        except OSError as error:
            if error.errno not in _LOST or not made.exists():
                raise
    raise _contended(target)


def steadily(folder: Path, look: Callable[[], T], absent: Callable[[OSError], T]) -> T:
    """What `look` finds in a folder that no other took the place of meanwhile, or `absent` where
    there is none: between two renames `look` would see a part of one."""
    for _ in range(_TRIES):
        try:
            before = _identity(folder)
        except OSError as error:
            return absent(error)
        try:
            found = look()
        except Exception:
            if _is_still(folder, before):
                raise
        else:
            if _is_still(folder, before):
                return found
    raise _contended(folder)


def _contended(folder: Path) -> RetrievalError:
    return RetrievalError(
        f"{folder} was replaced again and again meanwhile; try once its other writers are done"
    )


def _identity(folder: Path) -> tuple[int, int, int]:
    """A new folder may get an old one's number, but not its time too."""
    found = folder.stat()
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _is_still(folder: Path, identity: tuple[int, int, int]) -> bool:
    try:
        return _identity(folder) == identity
    except OSError:
        return False


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names at once; False where that cannot be done."""
    if sys.platform != "linux":
        return False
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # glibc's, not musl's
    if swap is None:
        return False
    names = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if swap(*names, ctypes.c_uint(_RENAME_EXCHANGE)) == 0:
        return True
    error = ctypes.get_errno()
    if error in _LOST:
        raise OSError(error, os.strerror(error), str(other))
    return False


def _replace(made: Path, target: Path, old: Path) -> None:
    os.rename(target, old)
    try:
        os.rename(made, target)
    except OSError as error:
        # Lost to a writer whose folder a third has moved away: an old one that comes back would
        # look to a reader as if it had never gone.
        lost = error.errno in (errno.EEXIST, errno.ENOTEMPTY)
        if not lost and not os.path.lexists(target):
            os.rename(old, target)
        raise
