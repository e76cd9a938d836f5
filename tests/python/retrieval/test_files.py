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
    for path in _files(folder):
        assert (tmp_path / "again" / path.relative_to(folder)).read_bytes() == path.read_bytes()


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


def _forget_checksums(folder: Path) -> None:
    path = folder / "tamis-index.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in manifest.items() if k not in ("files", "crc32")}))


@pytest.fixture
def older(folder: Path) -> Path:
    """As a version wrote it that stated no checksums."""
    _forget_checksums(folder)
    return folder


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
def test_damage_is_refused(older: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(older)
    with pytest.raises(RetrievalError, match=message):
        Index.open(older)


def test_an_index_of_before_checksums_opens(built: Index, older: Path) -> None:
    assert Index.open(older).search_many(QUERIES, 3) == built.search_many(QUERIES, 3)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_flipped_byte_of_any_file_is_noticed(folder: Path) -> None:
    assert len(_files(folder)) > 8
    for path in _files(folder):
        content = path.read_bytes()
        for at in {0, len(content) // 3, len(content) - 2}:
            path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
            with pytest.raises(RetrievalError, match=path.name) as caught:
                Index.open(folder)
            assert "again" in str(caught.value), "it does not say what to do"
        path.write_bytes(content)
    Index.open(folder)


def test_any_file_that_is_cut_or_gone_is_named(folder: Path) -> None:
    for path in _files(folder):
        content = path.read_bytes()
        for damage in (_truncate, Path.unlink):
            damage(path)
            for verify in (True, False):
                with pytest.raises(RetrievalError, match=path.name):
                    Index.open(folder, verify=verify)
            path.write_bytes(content)


def test_checksums_can_be_left_alone(folder: Path) -> None:
    path = folder / "dense.usearch"
    content = bytearray(path.read_bytes())
    content[-1] ^= 4
    path.write_bytes(content)
    assert len(Index.open(folder, verify=False)) == len(TEXTS)
    with pytest.raises(InvalidArgument, match="verify must be a bool"):
        Index.open(folder, verify=np.zeros(2))  # type: ignore[arg-type]


def test_a_damaged_passage_is_named(older: Path) -> None:
    lines = older / "passages.jsonl"
    lines.write_bytes(lines.read_bytes().replace(b"Pandas", b"Pan\xffas"))
    with pytest.raises(RetrievalError, match=r"passages\.jsonl is damaged at row 0"):
        Index.open(older)[0]


def test_another_model_is_refused(folder: Path) -> None:
    with pytest.raises(RetrievalError, match="another model or with another prefix"):
        Index.open(folder, model=LateInteraction(passage_prefix="passage: "))
    assert Index.open(folder, model=LateInteraction()).search("bamboo", 1)[0]["id"] == "0"


def test_a_model_that_is_gone_is_named(older: Path) -> None:
    manifest = json.loads((older / "tamis-index.json").read_text())
    manifest["model"]["name"] = "/nowhere/model"
    (older / "tamis-index.json").write_text(json.dumps(manifest))
    with pytest.raises(RetrievalError, match="needs the model /nowhere/model"):
        Index.open(older)
