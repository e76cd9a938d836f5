"""A bundle appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tamis.errors import ExportError
from tamis.export.manifest import MANIFEST
from tamis.model_source import TOKENIZER_FILES


@contextlib.contextmanager
def new_bundle(dest: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary folder beside `dest`; takes its name when the block ends well."""
    if dest.exists() and not overwrite:
        raise ExportError(f"{dest} exists; give another folder, or overwrite=True (--overwrite)")
    if dest.exists() and not (dest / MANIFEST).is_file():
        raise ExportError(f"{dest} exists and is no bundle; it is not overwritten")
    dest.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=dest.parent, prefix=f".{dest.name}."))
    try:
        yield folder
        # mkdtemp's folder is its owner's alone; a bundle has the permissions of any new folder.
        mask = os.umask(0)
        os.umask(mask)
        folder.chmod(0o777 & ~mask)
        _take_place(folder, dest, overwrite=overwrite)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_place(folder: Path, dest: Path, *, overwrite: bool) -> None:
    old = folder.with_name(folder.name + ".old")
    if overwrite:
        with contextlib.suppress(FileNotFoundError):  # another process may have moved it away
            dest.rename(old)
    try:
        folder.rename(dest)
    except OSError:
        # Another process may have exported the same model meanwhile; its bundle is as good.
        if not (dest / MANIFEST).is_file():
            raise
    shutil.rmtree(old, ignore_errors=True)


def copy_tokenizer(source: Path, folder: Path) -> None:
    """The tokenizer's own files, and config.json, by which other tools choose its class."""
    found = [name for name in TOKENIZER_FILES if (source / name).is_file()]
    if not found:
        raise ExportError(
            f"{source} has no tokenizer files ({', '.join(TOKENIZER_FILES[:3])}, ...)"
        )
    for name in [*found, "config.json"]:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
