"""What `tamis judge` finds before it asks: input that is wrong costs nothing and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tamis.cli import main
from tamis.eval import read_qrels
from tamis.eval.files import write_qrels
from tamis.judging import query_id

from .jobs import PASSAGES, QUERIES, arguments_of, by_words
from .services import Answer, Asked, serving


def test_a_query_without_an_id_keeps_its_own_when_lines_are_added(tmp_path: Path) -> None:
    run = tmp_path / "run.jsonl"
    lines = [
        json.dumps({"query": query, "candidates": [{"id": "t", "text": PASSAGES["tulips"]}]}) + "\n"
        for query in QUERIES.values()
    ]
    told = ["judge", str(run), str(tmp_path / "qrels.tsv"), "--model", "m", "--base-url"]
    with serving(by_words) as server:
        run.write_text(lines[1])
        assert main([*told, server.url]) == 0
        run.write_text("".join(lines))
        assert main([*told, server.url]) == 0
        assert len(server.asked) == 2
    assert read_qrels(tmp_path / "qrels.tsv") == {
        query_id(QUERIES["q1"]): {"t": 2},
        query_id(QUERIES["q2"]): {"t": 0},
    }
    assert query_id("") == "e3b0c44298fc1c14"  # as `sha256sum` begins


def _never(_: Asked) -> tuple[int, Any]:
    raise AssertionError("asked before all was read")


def _judge_rows(folder: Path, qrels: Path, url: str, id: str = "d", **more: Any) -> int:
    row = {"query": "two words", "candidates": [{"id": id, "text": ""}], **more}
    (folder / "run.jsonl").write_text(json.dumps(row))
    told = [str(folder / "run.jsonl"), str(qrels), "--base-url", url, "--model", "m"]
    return main(["judge", *told])


@pytest.mark.parametrize("name", ["qrels", "qrels.tsv"])
@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ({"id": "a b"}, "line 1, candidate 0: qrels cannot hold the id 'a b'"),
        ({"id": "a\tb"}, "line 1, candidate 0: qrels cannot hold"),
        ({"id": ""}, "line 1, candidate 0: qrels cannot hold"),
        ({"id": "\udc00"}, "line 1, candidate 0: qrels cannot hold"),
        ({"_id": "q 1"}, "line 1: qrels cannot hold the id 'q 1'"),
    ],
)
def test_ids_that_qrels_cannot_hold_cost_nothing(
    tmp_path: Path, name: str, ids: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_never) as server:
        assert _judge_rows(tmp_path, tmp_path / name, server.url, **ids) == 2
        assert server.asked == []
    err = capsys.readouterr().err
    assert said in err
    assert "give it another" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


@pytest.mark.parametrize(
    ("qrels", "said"),
    [
        (".", "it is a folder"),
        ("no/qrels", "(No such file or directory): name a file in a folder that exists"),
        ("run.jsonl/qrels", "(Not a directory): name a file in a folder that exists"),
        ("x" * 300, "File name too long"),
        ("run.jsonl", "run.jsonl is read by this job"),
    ],
)
def test_qrels_that_cannot_be_written_cost_nothing(
    tmp_path: Path, qrels: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_never) as server:
        assert _judge_rows(tmp_path, tmp_path / qrels, server.url) == 2
        assert server.asked == []
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["run.jsonl"]


def test_qrels_that_were_not_written_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    with pytest.raises(OSError, match="qrels"):
        write_qrels({"q": {"d": 1}}, tmp_path / "qrels")
    assert [path.name for path in tmp_path.iterdir()] == ["qrels"]


def _line(**other: Any) -> str:
    """Of a ledger."""
    row = {"query_id": "q1", "doc_id": "ham", "grade": 1, "model": "m", "rubric": "r"}
    return json.dumps(row | other) + "\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("run", "", "is empty: there is nothing to judge"),
        ("run", "q1 Q0 tulips 1 1 t\nq1 tulips\n", "run, line 2 must be"),
        ("run", "q1 Q0 gone 1 1 t\n", "corpus.jsonl lacks 1 of the ids that the run has, the first "
         "is gone"),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}', "queries.jsonl lacks 1 of the ids"),
        ("corpus.jsonl", '{"_id": "tulips", "text": "x"}\n{', "corpus.jsonl, line 2 is no JSON"),
        ("corpus.jsonl", '{"_id": "tulips"}', "corpus.jsonl, line 1 has no str 'text'"),
        ("corpus.jsonl", '{"text": "x"}', "corpus.jsonl, line 1 has no '_id'"),
        ("qrels.judgements.jsonl", '{"_id": "d"}\n', "line 1 is no judgement: it has no"),
        ("qrels.judgements.jsonl", "my notes", "line 1 is no judgement"),
        ("qrels.judgements.jsonl", _line(query_id="a b"), "line 1: qrels cannot hold the id 'a b'"),
        ("qrels.judgements.jsonl", _line(doc_id=7), "line 1: doc_id 7 is no str"),
        ("qrels.judgements.jsonl", _line(grade=float("nan")), "line 1: the grade nan is no number"),
        ("qrels.judgements.jsonl", _line(dollars="1"), "line 1: the dollars '1' is no number"),
    ],
)  # fmt: skip
def test_bad_files(
    folder: Path, name: str, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_text(text)
    answer: Answer = _never
    with serving(answer) as server:
        assert main(arguments_of(folder, server.url)) == 2
        assert server.asked == []
    assert said in capsys.readouterr().err
    assert (folder / name).read_text() == text
    kept = {"run", "corpus.jsonl", "queries.jsonl", name}
    assert {path.name for path in folder.iterdir()} == kept


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--depth", "0"), "depth must be at least 1"),
        (("--workers", "0"), "workers must be at least 1"),
        (("--budget-dollars", "1"), "needs --price"),
        (("--body", "[1]"), "--body is no JSON object"),
        (("--base-url", "localhost"), "https://"),
        (("--highest-grade", "12"), "1 to 9"),
        (("--rubric", "@/nowhere"), "/nowhere"),
    ],
)
def test_bad_arguments(
    folder: Path, more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments_of(folder, "http://localhost:1", *more)) == 2
    assert said in capsys.readouterr().err
    assert {path.name for path in folder.iterdir()} == {"run", "corpus.jsonl", "queries.jsonl"}


def test_texts_that_are_no_utf8(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path_factory.mktemp("other") / "latin"
    file.write_bytes("Qualité".encode("latin-1"))
    for more in (("--rubric", f"@{file}"), ("--prompt", str(file))):
        assert main(arguments_of(folder, "http://localhost:1", *more)) == 2
        assert f"{file} is no UTF-8" in capsys.readouterr().err


def test_a_run_of_ids_needs_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [str(folder / "run"), str(folder / "qrels")]
    assert main(["judge", *told, "--base-url", "http://localhost:1", "--model", "m"]) == 2
    assert "give corpus and queries" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"candidates": []}, "line 1 must have a str 'query' and a list 'candidates'"),
        ({"query": "q", "candidates": ["text"]}, "line 1, candidate 0 must be an object"),
        ({"query": "q", "candidates": [{"id": 1}]}, "line 1, candidate 0 has no str 'text'"),
        ({"query": "q", "candidates": [{"id": 1, "text": ""}] * 2}, "comes twice"),
    ],
)
def test_bad_rows(
    tmp_path: Path, row: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.jsonl").write_text(json.dumps(row))
    told = [str(tmp_path / "run.jsonl"), str(tmp_path / "qrels")]
    assert main(["judge", *told, "--base-url", "http://localhost:1", "--model", "m"]) == 2
    assert said in capsys.readouterr().err
