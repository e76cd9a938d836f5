"""`tamis judge`: qrels of a run, by a model behind a local OpenAI-compatible server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tamis.cli import main
from tamis.eval import evaluate, read_qrels, read_run
from tamis.eval.files import write_qrels
from tamis.judging import Ledger, query_id

from .services import Answer, Asked, serving

QUERIES = {"q1": "when do tulips flower", "q2": "who signed the treaty"}
PASSAGES = {
    "tulips": "tulips flower in spring",
    "ham": "ham comes from Westphalia",
    "treaty": "the envoys who signed",
    **{f"d{i}": f"passage number {i}" for i in range(30)},
}


def _in_prompt(asked: Asked) -> tuple[str, str]:
    """Query and passage."""
    prompt = asked.json["messages"][0]["content"]
    found = re.search(r"<query>\n(.*)\n</query>.*<passage>\n(.*)\n</passage>", prompt, re.DOTALL)
    assert found
    return found[1], found[2]


def _says(text: str) -> tuple[int, Any]:
    message = {"role": "assistant", "content": text}
    return 200, {"choices": [{"message": message}], "usage": {"total_tokens": 1000}}


def by_words(asked: Asked) -> tuple[int, Any]:
    """The grade is the number of words that query and passage share, at most 3."""
    query, passage = _in_prompt(asked)
    shared = set(query.split()) & set(passage.split())
    return _says(json.dumps({"reason": " ".join(sorted(shared)), "grade": min(3, len(shared))}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With run, corpus.jsonl and queries.jsonl: two queries, all passages."""
    for name, texts in (("queries", QUERIES), ("corpus", PASSAGES)):
        lines = [json.dumps({"_id": id, "text": text}) for id, text in texts.items()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    run = [
        f"{query} Q0 {document} {rank} {-rank} bm25\n"
        for query in QUERIES
        for rank, document in enumerate(PASSAGES, 1)
    ]
    (tmp_path / "run").write_text("".join(run))
    return tmp_path


def _arguments(folder: Path, url: str, *more: str) -> list[str]:
    return [
        "judge", str(folder / "run"), str(folder / "qrels"), "--base-url", url, "--model", "m",
        "--corpus", str(folder / "corpus.jsonl"), "--queries", str(folder / "queries.jsonl"), *more,
    ]  # fmt: skip


def _ledger(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "qrels.judgements.jsonl").read_text("utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def test_a_run_becomes_qrels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(by_words) as server:
        assert main(_arguments(folder, server.url, "--depth", "3", "--rubric", "3: yes.")) == 0
    assert "6 passages judged" in capsys.readouterr().out
    assert "3: yes." in server.asked[0].json["messages"][0]["content"]
    qrels = read_qrels(folder / "qrels")
    assert {query: dict(sorted(grades.items())) for query, grades in qrels.items()} == {
        "q1": {"ham": 0, "treaty": 0, "tulips": 2},
        "q2": {"ham": 0, "treaty": 3, "tulips": 0},
    }
    values = evaluate(read_run(folder / "run"), qrels, ["mrr@10"])
    assert values["mrr@10"] == {"q1": 1.0, "q2": pytest.approx(1 / 3)}
    row = next(row for row in _ledger(folder) if row["doc_id"] == "tulips")
    assert row["reason"] == "flower tulips"
    assert row["model"] == "m"
    assert row["rubric"].startswith("pointwise.v1+")


def test_rows_with_texts_need_no_corpus(tmp_path: Path) -> None:
    row = {
        "query": "when do tulips flower",
        "id": 7,
        "candidates": [
            {"id": "a", "title": "tulips", "text": "they flower"},
            {"id": 2, "text": ""},
        ],
    }
    (tmp_path / "run.jsonl").write_text(json.dumps(row) + "\n")
    with serving(by_words) as server:
        told = [str(tmp_path / "run.jsonl"), str(tmp_path / "test.tsv")]
        assert main(["judge", *told, "--base-url", server.url, "--model", "m"]) == 0
    assert read_qrels(tmp_path / "test.tsv") == {"7": {"a": 2, "2": 0}}


def test_lone_surrogates_as_corpora_have_them(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(
        r'{"query": "when \ud83d", "candidates": [{"id": "d", "text": "when \ud83d"}]}'
    )
    told = [str(tmp_path / "run.jsonl"), str(tmp_path / "qrels"), "--model", "m"]
    with serving(by_words) as server:
        for _ in range(2):
            assert main(["judge", *told, "--base-url", server.url]) == 0
        assert len(server.asked) == 1
    assert read_qrels(tmp_path / "qrels") == {query_id("when \ud83d"): {"d": 2}}


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


def test_nothing_is_paid_for_twice(folder: Path) -> None:
    with serving(by_words) as server:
        assert main(_arguments(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 4
        assert main(_arguments(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 4
        assert main(_arguments(folder, server.url, "--depth", "3")) == 0
        assert len(server.asked) == 6


def _start(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tamis.cli", *_arguments(folder, url, *more)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # What runs in a shell's background is started with SIGINT ignored, and so is its child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _wait_for_lines(folder: Path, count: int, job: subprocess.Popen[str]) -> None:
    path = folder / "qrels.judgements.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert job.poll() is None, job.communicate()
        time.sleep(0.005)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_job_that_was_stopped_goes_on(folder: Path, how: signal.Signals) -> None:
    go_on = threading.Event()

    def pauses(asked: Asked) -> tuple[int, Any]:
        """After 20 answers, until the job was stopped."""
        if len(server.asked) > 20:
            go_on.wait(60)
        return by_words(asked)

    with serving(pauses) as server:
        job = _start(folder, server.url, "--depth", "30", "--workers", "4")
        _wait_for_lines(folder, 17, job)
        job.send_signal(how)
        if how == signal.SIGINT:
            time.sleep(1)  # the job sees the signal before it sees another answer
            go_on.set()
        out, error = job.communicate(timeout=60)
        go_on.set()
        if how == signal.SIGINT:
            assert job.returncode == 1, error
            assert "interrupted" in out
        known = {(row["query_id"], row["doc_id"]) for row in _ledger(folder)}
        assert 17 <= len(known) < 60
        before = len(server.asked)
        assert main(_arguments(folder, server.url, "--depth", "30")) == 0
        after = [_in_prompt(asked) for asked in server.asked[before:]]
    assert not {(QUERIES[query], PASSAGES[document]) for query, document in known} & set(after)
    rows = Counter((row["query_id"], row["doc_id"]) for row in _ledger(folder))
    assert len(rows) == 60
    assert set(rows.values()) == {1}
    assert before <= len(known) + 4  # what was under way, and no more
    assert sum(len(grades) for grades in read_qrels(folder / "qrels").values()) == 60


def test_half_a_line_is_what_a_killed_job_leaves(folder: Path) -> None:
    path = folder / "qrels.judgements.jsonl"
    with serving(by_words) as server:
        assert main(_arguments(folder, server.url, "--depth", "2")) == 0
        path.write_bytes(path.read_bytes()[:-25])
        assert main(_arguments(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 5
    assert len(_ledger(folder)) == 4


def test_rude_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What fails is asked again; what has no grade was paid for, and is asked again on request."""
    ham = PASSAGES["ham"]
    replies: dict[str, list[tuple[int, Any]]] = {
        PASSAGES["tulips"]: [(500, b"\xff oops"), (200, b"{"), (429, {})],
        ham: [_says("It is all lovely.")] * 3,
    }

    def rude(asked: Asked) -> tuple[int, Any]:
        own = replies.get(_in_prompt(asked)[1])
        return own.pop(0) if own else by_words(asked)

    (folder / "run").write_text("q1 Q0 tulips 1 3 t\nq1 Q0 ham 2 2 t\nq1 Q0 treaty 3 1 t\n")
    with serving(rude) as server:
        more = ("--retries", "2", "--price", "0", "1000")
        assert main(_arguments(folder, server.url, *more)) == 1
        out = capsys.readouterr().out
        assert "1 got an answer without a grade" in out
        assert "1 failed" in out
        assert "the latest error: " in out
        assert read_qrels(folder / "qrels") == {"q1": {"treaty": 0}}
        row = next(row for row in _ledger(folder) if row["doc_id"] == "ham")
        assert row["grade"] is None
        assert "lovely" in row["error"]
        assert row["tokens"] == 3000
        assert row["dollars"] == pytest.approx(3)
        asked = len(server.asked)
        assert main(_arguments(folder, server.url, *more)) == 1  # ham has no grade still
        assert len(server.asked) == asked + 1
        assert main(_arguments(folder, server.url, *more, "--again")) == 0
    assert read_qrels(folder / "qrels") == {"q1": {"treaty": 0, "tulips": 2, "ham": 0}}


def _refuses(_: Asked) -> tuple[int, Any]:
    return 401, {"error": {"message": "no such key"}}


def test_a_server_that_refuses_ends_the_job(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_refuses) as server:
        assert main(_arguments(folder, server.url, "--workers", "1")) == 1
    assert len(server.asked) == 10
    out = capsys.readouterr().out
    assert "10 failures in a row" in out
    assert "no such key" in out
    assert "key right?" in out
    assert _ledger(folder) == []


def test_a_budget_ends_the_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--workers", "1", "--price", "0.5", "0", "--budget-dollars", "2")
    with serving(by_words) as server:
        assert main(_arguments(folder, server.url, *more)) == 1
        assert len(server.asked) == 4
        assert "the budget of 2 dollars is spent" in capsys.readouterr().out
        assert main(_arguments(folder, server.url, *more)) == 1
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--model", "other"), "4 judgements with model 'm', and this job has 'other'"),
        (("--rubric", "Other."), "4 judgements with rubric 'pointwise.v1+"),
        (("--highest-grade", "4"), "4 judgements with rubric 'pointwise.v1+"),
    ],
)
def test_judgements_are_not_mixed(
    folder: Path, more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(by_words) as server:
        assert main(_arguments(folder, server.url, "--depth", "2")) == 0
        assert main(_arguments(folder, server.url, "--depth", "3", *more)) == 2
        assert said in capsys.readouterr().err
        assert len(server.asked) == 4
        assert main(_arguments(folder, server.url, "--depth", "3", "--mix", *more)) == 0
    assert len(_ledger(folder)) == 6


def test_two_jobs_do_not_write_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(folder / "qrels.judgements.jsonl", "m", "r"):
        assert main(_arguments(folder, "http://localhost:1")) == 2
    assert "another process" in capsys.readouterr().err


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
        assert main(_arguments(folder, server.url)) == 2
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
        (("--base-url", "localhost"), "https://"),
        (("--highest-grade", "12"), "1 to 9"),
        (("--rubric", "@/nowhere"), "/nowhere"),
    ],
)
def test_bad_arguments(
    folder: Path, more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(folder, "http://localhost:1", *more)) == 2
    assert said in capsys.readouterr().err
    assert {path.name for path in folder.iterdir()} == {"run", "corpus.jsonl", "queries.jsonl"}


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
