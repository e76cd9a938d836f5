"""`tamis judge`: qrels of a run, by a model behind a local OpenAI-compatible server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tamis import InvalidArgument, Judge
from tamis.cli import main
from tamis.eval import evaluate, read_qrels, read_run
from tamis.judging import Ledger, Pair, label, query_id

from .jobs import PASSAGES, QUERIES, arguments_of, by_words, in_prompt, ledger_of, says
from .services import Asked, serving


def test_a_pair_is_asked_once_and_only_if_it_can_be_kept(tmp_path: Path) -> None:
    pair = Pair("q", "d", "which bridge?", "An old bridge.")
    with serving(by_words) as server, Ledger(tmp_path / "ledger", "m", "v") as ledger:
        judge = Judge(server.url, "m")
        with pytest.raises(InvalidArgument, match="qrels cannot hold the id 'q 1'"):
            label(judge, [pair, Pair("q 1", "d", "q", "p")], ledger)
        assert server.asked == []
        assert label(judge, [pair, pair, pair], ledger).judged == 1
        assert len(server.asked) == 1
    with Ledger(tmp_path / "ledger", "m", "v") as again:
        assert again.missing([pair]) == []


def test_a_run_becomes_qrels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(by_words) as server:
        assert main(arguments_of(folder, server.url, "--depth", "3", "--rubric", "3: yes.")) == 0
    assert "6 passages judged" in capsys.readouterr().out
    assert "3: yes." in server.asked[0].json["messages"][0]["content"]
    qrels = read_qrels(folder / "qrels")
    assert {query: dict(sorted(grades.items())) for query, grades in qrels.items()} == {
        "q1": {"ham": 0, "treaty": 0, "tulips": 2},
        "q2": {"ham": 0, "treaty": 3, "tulips": 0},
    }
    values = evaluate(read_run(folder / "run"), qrels, ["mrr@10"])
    assert values["mrr@10"] == {"q1": 1.0, "q2": pytest.approx(1 / 3)}
    rows = {(row["query_id"], row["doc_id"]): row for row in ledger_of(folder)}
    row = rows["q1", "tulips"]
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


def test_nothing_is_paid_for_twice(folder: Path) -> None:
    with serving(by_words) as server:
        assert main(arguments_of(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 4
        assert main(arguments_of(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 4
        assert main(arguments_of(folder, server.url, "--depth", "3")) == 0
        assert len(server.asked) == 6


def _start(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tamis.cli", *arguments_of(folder, url, *more)]
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
        known = {(row["query_id"], row["doc_id"]) for row in ledger_of(folder)}
        assert 17 <= len(known) < 60
        before = len(server.asked)
        assert main(arguments_of(folder, server.url, "--depth", "30")) == 0
        after = [in_prompt(asked) for asked in server.asked[before:]]
    assert not {(QUERIES[query], PASSAGES[document]) for query, document in known} & set(after)
    rows = Counter((row["query_id"], row["doc_id"]) for row in ledger_of(folder))
    assert len(rows) == 60
    assert set(rows.values()) == {1}
    assert before <= len(known) + 4  # what was under way, and no more
    assert sum(len(grades) for grades in read_qrels(folder / "qrels").values()) == 60


def test_half_a_line_is_what_a_killed_job_leaves(folder: Path) -> None:
    path = folder / "qrels.judgements.jsonl"
    with serving(by_words) as server:
        assert main(arguments_of(folder, server.url, "--depth", "2")) == 0
        path.write_bytes(path.read_bytes()[:-25])
        assert main(arguments_of(folder, server.url, "--depth", "2")) == 0
        assert len(server.asked) == 5
    assert len(ledger_of(folder)) == 4


def test_rude_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What fails is asked again; what has no grade was paid for, and is asked again on request."""
    ham = PASSAGES["ham"]
    replies: dict[str, list[tuple[int, Any]]] = {
        PASSAGES["tulips"]: [(500, b"\xff oops"), (200, b"{"), (429, {})],
        ham: [says("It is all lovely.")] * 3,
    }

    def rude(asked: Asked) -> tuple[int, Any]:
        own = replies.get(in_prompt(asked)[1])
        return own.pop(0) if own else by_words(asked)

    (folder / "run").write_text("q1 Q0 tulips 1 3 t\nq1 Q0 ham 2 2 t\nq1 Q0 treaty 3 1 t\n")
    with serving(rude) as server:
        more = ("--retries", "2", "--price", "0", "1000")
        assert main(arguments_of(folder, server.url, *more)) == 1
        out = capsys.readouterr().out
        assert "1 got an answer without a grade" in out
        assert "1 failed" in out
        assert "the latest error: " in out
        assert read_qrels(folder / "qrels") == {"q1": {"treaty": 0}}
        row = next(row for row in ledger_of(folder) if row["doc_id"] == "ham")
        assert row["grade"] is None
        assert "lovely" in row["error"]
        assert row["tokens"] == 3000
        assert row["dollars"] == pytest.approx(3)
        asked = len(server.asked)
        assert main(arguments_of(folder, server.url, *more)) == 1  # ham has no grade still
        assert len(server.asked) == asked + 1
        assert main(arguments_of(folder, server.url, *more, "--again")) == 0
    assert read_qrels(folder / "qrels") == {"q1": {"treaty": 0, "tulips": 2, "ham": 0}}


def _refuses(_: Asked) -> tuple[int, Any]:
    return 401, {"error": {"message": "no such key"}}


def test_a_server_that_refuses_ends_the_job(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(_refuses) as server:
        assert main(arguments_of(folder, server.url, "--workers", "1")) == 1
    assert len(server.asked) == 10
    out = capsys.readouterr().out
    assert "10 failures in a row" in out
    assert "no such key" in out
    assert "key right?" in out
    assert ledger_of(folder) == []


def test_a_budget_ends_the_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--workers", "1", "--price", "0.5", "0", "--budget-dollars", "2")
    with serving(by_words) as server:
        assert main(arguments_of(folder, server.url, *more)) == 1
        assert len(server.asked) == 4
        assert "the budget of 2 dollars is spent" in capsys.readouterr().out
        assert main(arguments_of(folder, server.url, *more)) == 1
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
        assert main(arguments_of(folder, server.url, "--depth", "2")) == 0
        assert main(arguments_of(folder, server.url, "--depth", "3", *more)) == 2
        assert said in capsys.readouterr().err
        assert len(server.asked) == 4
        assert main(arguments_of(folder, server.url, "--depth", "3", "--mix", *more)) == 0
    assert len(ledger_of(folder)) == 6


def test_two_jobs_do_not_write_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(folder / "qrels.judgements.jsonl", "m", "r"):
        assert main(arguments_of(folder, "http://localhost:1")) == 2
    assert "another process" in capsys.readouterr().err
