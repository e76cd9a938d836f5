"""Several processes at one folder: the last writer wins, a reader never sees a mix."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tamis import Index, InvalidArgument, RetrievalError
from tamis.retrieval import files, placing

WRITER = """
import os, sys
from tamis import Index
from tamis.retrieval import placing
target, name, count, swaps = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "swaps"
enough = sys.argv[5]
if not swaps:
    placing._exchange = lambda one, other: False  # as a system that cannot
index = Index.build([f"word {name} {n}" for n in range(count)], dense=False)
while not os.path.exists(enough):
    index.save(target, overwrite=True)
"""


def _indices(names: str) -> dict[str, Index]:
    return {
        name: Index.build([f"word {name} {n}" for n in range(place + 2)], dense=False)
        for place, name in enumerate(names)
    }


def _whose(index: Index) -> str:
    """Its one writer's name: of all its passages, and of what BM25 finds."""
    texts = [index[row]["text"] for row in range(len(index))]
    texts += [hit["text"] for hit in index.search("word", 50)]
    (name,) = {text.split()[1] for text in texts}
    assert len(texts) == 2 * len(index), "BM25 is another index's"
    return str(name)


def test_processes_that_write_and_read_one_folder(tmp_path: Path) -> None:
    for how in ("swaps", "renames"):
        target, enough = tmp_path / how / "index", tmp_path / f"enough {how}"
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(target), name, str(count), how, str(enough)],
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, count in (("anna", 5), ("bert", 9), ("carl", 13))
        ]
        seen: list[str] = []
        try:
            while len(seen) < 200 or len(set(seen)) < len(writers):
                assert all(writer.poll() is None for writer in writers)
                try:
                    seen.append(_whose(Index.open(target)))
                except RetrievalError as error:
                    # None is there before the first, and between two renames.
                    expected = "is no index of tamis" in str(error)
                    if not expected or (seen and how == "swaps"):
                        raise
        finally:
            enough.touch()
        for writer in writers:
            assert writer.communicate()[1] == ""
        assert _whose(Index.open(target)) in ("anna", "bert", "carl")
        assert [path.name for path in target.parent.iterdir()] == ["index"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_threads_that_write_a_new_folder(tmp_path: Path, overwrite: bool) -> None:
    target = tmp_path / "index"
    refused: list[Exception] = []

    def save(index: Index) -> None:
        start.wait()
        try:
            index.save(target, overwrite=overwrite)
        except InvalidArgument as error:
            refused.append(error)

    indices = _indices("abcdef")
    start = threading.Barrier(len(indices))
    threads = [threading.Thread(target=save, args=(index,)) for index in indices.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == (0 if overwrite else len(indices) - 1)
    assert all("exists; overwrite=True" in str(error) for error in refused)
    assert _whose(Index.open(target)) in indices


def test_a_folder_that_comes_after_the_check_is_not_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indices = _indices("ab")
    target = tmp_path / "index"
    look, checked = files.check_target, []

    def check(folder: Path, overwrite: bool) -> None:
        look(folder, overwrite)
        checked.append(folder)
        if len(checked) == 2:  # before it is written, and before it is moved
            indices["b"].save(folder)

    monkeypatch.setattr(files, "check_target", check)
    with pytest.raises(InvalidArgument, match="exists; overwrite=True"):
        indices["a"].save(target)
    assert _whose(Index.open(target)) == "b"
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_folder_that_is_replaced_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indices = _indices("ab")
    target = tmp_path / "index"
    indices["a"].save(target)
    rows = files.MappedRows

    def slow(*paths: Path) -> files.MappedRows:
        monkeypatch.setattr(files, "MappedRows", rows)
        found = rows(*paths)
        indices["b"].save(target, overwrite=True)
        return found

    monkeypatch.setattr(files, "MappedRows", slow)
    assert _whose(Index.open(target)) == "b"


def test_a_reader_gives_up_where_a_folder_is_replaced_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = _indices("a")["a"]
    target = tmp_path / "index"
    index.save(target)
    monkeypatch.setattr(placing, "_TRIES", 3)
    lexical = files.Lexical.open

    def replaced(folder: Path, language: str | None) -> files.Lexical:
        index.save(target, overwrite=True)
        return lexical(folder, language)

    monkeypatch.setattr(files.Lexical, "open", replaced)
    with pytest.raises(RetrievalError, match="replaced again and again"):
        Index.open(target)


def test_an_absent_folder_is_not_looked_into(tmp_path: Path) -> None:
    """Absent before and after would say nothing of what came and went between."""

    def look() -> str:
        raise AssertionError("looked at")

    told = placing.steadily(tmp_path / "index", look, lambda error: str(error.strerror))
    assert told == "No such file or directory"
    with pytest.raises(RetrievalError, match=r"is no index of tamis: .*No such file"):
        Index.open(tmp_path / "index")


def test_a_writer_that_lost_twice_brings_no_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("made", "target"):
        (tmp_path / name).mkdir()
    moves: list[str] = []

    def rename(one: Path, other: Path) -> None:
        moves.append(f"{one.name} {other.name}")
        if one.name == "made":  # another's is there, and gone before lexists asks
            raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(placing.os, "rename", rename)
    monkeypatch.setattr(placing.os.path, "lexists", lambda _: False)
    with pytest.raises(OSError, match="not empty"):
        placing._replace(tmp_path / "made", tmp_path / "target", tmp_path / "old")
    assert moves == ["target old", "made target"]


def test_an_opened_index_is_saved_as_it_was_opened(tmp_path: Path) -> None:
    indices = _indices("ab")
    target = tmp_path / "index"
    indices["a"].save(target)
    opened = Index.open(target)
    indices["b"].save(target, overwrite=True)
    opened.save(tmp_path / "copy")
    assert _whose(Index.open(tmp_path / "copy")) == "a"
    opened.save(target, overwrite=True)
    assert _whose(Index.open(target)) == "a"


def test_a_failure_of_its_own_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = _indices("a")["a"]
    index.save(tmp_path / "index")

    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(placing, "_exchange", refuse)
    with pytest.raises(PermissionError):
        index.save(tmp_path / "index", overwrite=True)
    assert _whose(Index.open(tmp_path / "index")) == "a"
