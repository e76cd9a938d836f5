"""An index as a folder.

tamis-index.json        what is in it, which model made the vectors, and each file's checksum
passages.jsonl          ids, texts and titles; passages.offsets.npy: where each line begins
bm25/                   bm25s' own files
dense.usearch           usearch's graph
tokens.passages         token vectors, where they were kept
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tamis import _native
from tamis.errors import InvalidArgument, ModelError, RetrievalError
from tamis.late_interaction import LateInteraction
from tamis.retrieval import checksums, placing
from tamis.retrieval.dense import Dense
from tamis.retrieval.lexical import Lexical
from tamis.retrieval.store import MappedRows, write_rows

FORMAT = 1
_MANIFEST = "tamis-index.json"
_LINES, _OFFSETS = "passages.jsonl", "passages.offsets.npy"
_BM25, _DENSE, _TOKENS = "bm25", "dense.usearch", "tokens.passages"


class Contents(NamedTuple):
    """Of an index's folder."""

    rows: MappedRows
    lexical: Lexical
    language: str | None
    model: LateInteraction | None
    dense: Dense | None
    passages: _native.Passages | None


def check_target(target: Path, overwrite: bool) -> None:
    """Throws InvalidArgument where an index may not be written."""

    def look() -> None:
        if not overwrite:
            raise InvalidArgument(
                f"{target} exists; overwrite=True (--overwrite) replaces an index"
            )
        if not (target / _MANIFEST).is_file():
            raise InvalidArgument(f"{target} is no index of tamis, so that it is not replaced")

    def absent(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    placing.steadily(target, look, absent)


def write(
    folder: Path,
    rows: Sequence[dict[str, Any]] | MappedRows,
    lexical: Lexical,
    language: str | None,
    model: LateInteraction | None,
    dense: Dense | None,
    passages: _native.Passages | None,
) -> None:
    """All files, into a folder that does not exist."""
    (folder / _BM25).mkdir(parents=True)
    write_rows((rows[row] for row in range(len(rows))), folder / _LINES, folder / _OFFSETS)
    lexical.save(folder / _BM25)
    manifest: dict[str, Any] = {"format": FORMAT, "passages": len(rows), "language": language}
    if dense is not None and model is not None:
        dense.save(folder / _DENSE)
        name, settings = model._recipe
        manifest["model"] = {"name": name, "settings": settings, "fingerprint": model.fingerprint}
    if passages is not None:
        passages.save(folder / _TOKENS)
        manifest["token_vectors"] = True
    text = json.dumps(checksums.seal(manifest, folder), indent=2, ensure_ascii=False)
    (folder / _MANIFEST).write_text(text + "\n", encoding="utf-8")


def read(
    folder: Path, model: LateInteraction | str | os.PathLike[str] | None, verify: bool
) -> Contents:
    """Throws RetrievalError for a folder that is no index, or damaged; ModelError as
    LateInteraction does. `verify` reads all files once."""
    encoders: dict[str, LateInteraction] = {}  # loading one may take longer than a writer does

    def absent(error: OSError) -> Contents:
        raise _no_index(folder, error) from error

    return placing.steadily(folder, lambda: _read(folder, model, verify, encoders), absent)


def _read(
    folder: Path,
    model: LateInteraction | str | os.PathLike[str] | None,
    verify: bool,
    encoders: dict[str, LateInteraction],
) -> Contents:
    manifest = _manifest(folder)
    checksums.check(manifest, folder / _MANIFEST, verify)
    try:
        rows = MappedRows(folder / _LINES, folder / _OFFSETS)
        lexical = Lexical.open(folder / _BM25, manifest["language"])
        made_by = manifest.get("model")
        encoder = None
        if made_by is not None:
            key = json.dumps(made_by)
            encoder = encoders[key] = encoders.get(key) or _encoder(folder, made_by, model)
        dense = None if encoder is None else Dense.open(folder / _DENSE)
        passages = None
        if encoder is not None and manifest.get("token_vectors"):
            passages = _token_vectors(folder, encoder)
    except (RetrievalError, ModelError, InvalidArgument):
        raise
    except Exception as error:  # bm25s and usearch raise many kinds
        raise RetrievalError(f"{folder} cannot be read, build it again: {error}") from error
    for part in (rows, lexical, dense, passages):
        if part is not None and len(part) != manifest["passages"]:
            raise RetrievalError(
                f"{folder} is damaged, build it again: its {type(part).__name__} holds "
                f"{len(part)} passages, not {manifest['passages']}"
            )
    return Contents(rows, lexical, manifest["language"], encoder, dense, passages)


def _token_vectors(folder: Path, encoder: LateInteraction) -> _native.Passages:
    try:  # the file's own SHA-256 would be a second and slower check
        return encoder.open_passages(folder / _TOKENS, verify=False)
    except ModelError as error:
        raise RetrievalError(f"{folder} cannot be read, build it again: {error}") from error


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _no_index(folder, error) from error
    except (ValueError, RecursionError) as error:
        raise RetrievalError(f"{path} is damaged, build the index again: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise RetrievalError(
            f"{path} has format {found!r}, this version reads {FORMAT}: build the index again"
        )
    return manifest


def _no_index(folder: Path, error: OSError) -> RetrievalError:
    return RetrievalError(f"{folder} is no index of tamis: {error}")


def _encoder(
    folder: Path, made_by: dict[str, Any], model: LateInteraction | str | os.PathLike[str] | None
) -> LateInteraction:
    if isinstance(model, LateInteraction):
        encoder = model
    else:
        name = made_by["name"] if model is None else model
        try:
            encoder = LateInteraction(name, **made_by["settings"])
        except (OSError, ModelError) as error:
            raise RetrievalError(
                f"{folder} needs the model {name}, which cannot be loaded: {error}; give model= "
                "where it has moved"
            ) from error
    if encoder.fingerprint != made_by["fingerprint"]:
        raise RetrievalError(
            f"{folder} was built by another model or with another prefix than {encoder!r}; give "
            f"that one ({made_by['name'] or 'the embedded model'}), or build it again"
        )
    return encoder
