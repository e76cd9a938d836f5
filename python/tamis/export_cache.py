"""Bundles that were exported on the way to TorchScript, kept for the next time.

~/.cache/tamis/exports/<key>, or under TAMIS_CACHE or XDG_CACHE_HOME. The key holds the library's
version and the source's revision or content, so a bundle is never stale and never changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tamis import _native
from tamis.errors import ExportError, ModelError

_READ_SIZE = 1 << 20
_SOURCES = (".json", ".safetensors", ".txt", ".model", ".bin")


def cache_root() -> Path:
    """Where exports are kept."""
    own = os.environ.get("TAMIS_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "tamis"


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in _SOURCES or not path.is_file():
            continue
        digest.update(path.name.encode() + b"\0" + str(path.stat().st_size).encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(_READ_SIZE):
                digest.update(block)
    return digest.hexdigest()


def _key(folder: Path, revision: str | None) -> str:
    source = f"{folder.resolve()}@{revision}" if revision else _content_hash(folder)
    text = f"{_native.version}\0{source}"
    return f"{folder.name[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """One thread of one process at a time, where the file system has locks."""
    locks = cache_root() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as file:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def bundle_of(folder: Path, revision: str | None = None) -> Path:
    """The bundle of a Hugging Face folder, exported at the first call. Who asks for it meanwhile,
    in another thread or process, waits for that; two that cannot see each other's locks export into
    folders of their own, and the first to rename its folder wins."""
    target = cache_root() / "exports" / _key(folder, revision)
    if _is_there(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target.name):
        if not _is_there(target):
            _export(folder, target)
    return target


def _is_there(bundle: Path) -> bool:
    return (bundle / "tamis.json").is_file()


def _export(folder: Path, target: Path) -> None:
    try:
        from tamis.export import export_model
    except ImportError as error:
        raise ModelError(
            f"TorchScript needs an export of {folder}, and that needs torch and transformers "
            f"({error}): pip install 'tamis[export]', or export elsewhere with `tamis export`"
        ) from error
    work = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
    try:
        fresh = work / "bundle"
        try:
            # The engine, which would go by a comparison of rankings, reads the folder itself.
            export_model(str(folder), str(fresh), compare_rankings=False)
        except ExportError as error:
            raise ModelError(f"{folder} cannot be exported for TorchScript: {error}") from error
        try:
            fresh.rename(target)
        except OSError:
            if not _is_there(target):  # not another process's export
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
