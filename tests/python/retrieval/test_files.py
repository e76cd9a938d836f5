"""Saved and opened: equal answers, mapped files, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tamis import Index, InvalidArgument, LateInteraction, RetrievalError
from tamis.retrieval import files

TEXTS = ["Pandas eat bamboo.", "Berlin has museums.", "A lone surrogate \ud800.", "東京は首都"]
QUERIES = ["what do pandas eat", "museums", "首都", ""]


@pytest.fixture(scope="module")
def built() -> Index:
    return Index.build(TEXTS, token_vectors=True)


@pytest.fixture
def folder(built: Index, tmp_path: Path) -> Path:
    built.save(tmp_path / "deep" / "index")
    return tmp_path / "deep" / "index"


def test_opened_equals_built(built: Index, folder: Path) -> None:
    opened = Index.open(folder)
    assert len(opened) == len(TEXTS)
    for how in ("rrf", "union", "bm25", "dense"):
        assert opened.search_many(QUERIES, 3, fusion=how) == built.search_many(
            QUERIES, 3, fusion=how
        )
    hits = opened.search("pandas", 3)
    np.testing.assert_array_equal(opened.compare("pandas", hits), built.compare("pandas", hits))


def test_an_opened_index_can_be_saved(folder: Path, tmp_path: Path) -> None:
    Index.open(folder).save(tmp_path / "copy")
    shutil.rmtree(folder)
    assert Index.open(tmp_path / "copy").search("bamboo", 1)[0]["id"] == "0"


def test_the_same_documents_make_the_same_files(built: Index, folder: Path, tmp_path: Path) -> None:
    Index.build(TEXTS, token_vectors=True).save(tmp_path / "again")
    for name in ("tamis-index.json", "passages.jsonl", "dense.usearch", "tokens.passages"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_nothing_is_replaced_by_accident(built: Index, folder: Path) -> None:
    before = (folder / "passages.jsonl").read_bytes()
    other = Index.build(["other"], dense=False)
    with pytest.raises(InvalidArgument, match="exists"):
        other.save(folder)
    with pytest.raises(InvalidArgument, match="is no index of tamis"):
        other.save(folder.parent, overwrite=True)
    assert (folder / "passages.jsonl").read_bytes() == before
    other.save(folder, overwrite=True)
    assert len(Index.open(folder)) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["index"]


def test_a_write_that_fails_leaves_what_was_there(
    built: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(files, "write_rows", full)
    with pytest.raises(OSError, match="no space"):
        built.save(folder, overwrite=True)
    assert len(Index.open(folder)) == len(TEXTS)
    assert [path.name for path in folder.parent.iterdir()] == ["index"]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "tamis-index.json").unlink(), "is no index of tamis"),
        (lambda f: _truncate(f / "tamis-index.json"), "is damaged"),
        (lambda f: _edit(f / "tamis-index.json", format=9), "has format 9"),
        (lambda f: _edit(f / "tamis-index.json", passages=9), "holds 4 passages, not 9"),
        (lambda f: _truncate(f / "passages.jsonl"), "is damaged"),
        (lambda f: (f / "dense.usearch").unlink(), "cannot be read, build it again"),
        (lambda f: _truncate(f / "dense.usearch"), "cannot be read, build it again"),
        (lambda f: (f / "tokens.passages").unlink(), "cannot be read, build it again"),
        (lambda f: _truncate(f / "tokens.passages"), "cannot be read, build it again"),
        (lambda f: (f / "tamis-index.json").write_text("[" * 100_000), "is damaged"),
        (lambda f: shutil.rmtree(f / "bm25"), "cannot be read, build it again"),
        (lambda f: _truncate(f / "bm25" / "vocab.index.json"), "cannot be read, build it again"),
    ],
)
def test_damage_is_refused(folder: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(folder)
    with pytest.raises(RetrievalError, match=message):
        Index.open(folder)


def test_a_damaged_passage_is_named(folder: Path) -> None:
    lines = folder / "passages.jsonl"
    lines.write_bytes(lines.read_bytes().replace(b"Pandas", b"Pan\xffas"))
    with pytest.raises(RetrievalError, match=r"passages\.jsonl is damaged at row 0"):
        Index.open(folder)[0]


def test_another_model_is_refused(folder: Path) -> None:
    with pytest.raises(RetrievalError, match="another model or with another prefix"):
        Index.open(folder, model=LateInteraction(passage_prefix="passage: "))
    assert Index.open(folder, model=LateInteraction()).search("bamboo", 1)[0]["id"] == "0"


def test_a_model_that_is_gone_is_named(folder: Path) -> None:
    manifest = json.loads((folder / "tamis-index.json").read_text())
    manifest["model"]["name"] = "/nowhere/model"
    (folder / "tamis-index.json").write_text(json.dumps(manifest))
    with pytest.raises(RetrievalError, match="needs the model /nowhere/model"):
        Index.open(folder)
