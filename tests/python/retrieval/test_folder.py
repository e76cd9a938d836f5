"""A folder of documents -> an index, by Python and by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tamis import Index, InvalidArgument
from tamis.cli import main
from tamis.retrieval import read_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("Pandas eat bamboo.\nBerlin has museums.\n", encoding="utf-8")
    (root / "sub" / "b.md").write_text("Intro.\n\n# The treaty\n\nIt was signed in 1648.")
    rows = [
        {"_id": 7, "title": "Cells", "text": "A cell is the smallest unit of life."},
        {"text": "Bananas are yellow.", "title": None},
        {"id": None, "_id": "real", "text": "Null is no id."},
    ]
    (root / "c.jsonl").write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8-sig")
    (root / "ignored.bin").write_bytes(b"\xff\xfe")
    return root


def test_what_is_read(folder: Path) -> None:
    found = {passage.id: passage for passage in read_folder(folder)}
    assert list(found) == ["a.txt", "7", "c.jsonl:3", "real", "sub/b.md"]
    assert found["7"].text == "Cells\nA cell is the smallest unit of life."
    assert found["sub/b.md"].title == "The treaty"
    assert found["c.jsonl:3"].title == ""
    assert [p.id for p in read_folder(folder, lines=True)][:2] == ["a.txt:1", "a.txt:2"]
    assert [p.id for p in read_folder(folder, words=4, overlap=1)][:2] == ["a.txt#0", "a.txt#1"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b"{nonsense", "x.jsonl, line 1 is no JSON"),
        ("x.jsonl", b"[" * 200_000, "x.jsonl, line 1 nests too deep"),
        ("x.jsonl", b'{"id": 1}', "x.jsonl, line 1 must be an object with a str 'text'"),
        ("x.jsonl", b'{"id": 7, "text": "twice"}', "the same id '7'"),
        ("x.jsonl", b'\n{"id": "", "text": "a"}', "x.jsonl, line 2 has an empty id; give it one"),
        ("x.txt", b"\xff\xff", "x.txt is no UTF-8"),
    ],
)
def test_what_cannot_be_read(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(InvalidArgument, match=message):
        read_folder(folder)


def test_bad_arguments(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="is no folder"):
        read_folder(folder / "a.txt")
    with pytest.raises(InvalidArgument, match="cannot overlap by 5"):
        read_folder(folder, words=5, overlap=5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgument, match="has no text in files"):
        read_folder(tmp_path / "empty")


def test_one_command_builds_and_one_searches(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "index")
    assert main(["index", str(folder), target, "--lines"]) == 0
    assert "6 passages, bm25 + dense" in capsys.readouterr().out
    assert main(["search", target, "what do pandas eat", "--top-k", "1"]) == 0
    assert "a.txt:1  Pandas eat bamboo." in capsys.readouterr().out
    assert main(["search", target, "who signed", "--fusion", "bm25", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "sub/b.md"

    assert main(["index", str(folder), target]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["index", str(folder), target, "--overwrite", "--no-dense", "--words", "0"]) == 0
    index = Index.open(target)
    assert len(index) == 5
    assert not index.has_dense
    assert main(["index", str(folder), str(folder), "--overwrite"]) == 2
    assert "is no index of tamis" in capsys.readouterr().err
    assert (folder / "a.txt").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "index"]
