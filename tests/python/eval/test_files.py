"""Runs and qrels as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tamis import InvalidArgument
from tamis.eval import evaluate, read_qrels, read_run, write_qrels

QRELS = {"q1": {"d1": 2, "d7": 0}, "q2": {"d3": 1}}


def test_ids_with_spaces_in_beirs_form(tmp_path: Path) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text("query-id\tcorpus-id\tscore\nq 1\tmy file.txt#3\t2\n")
    assert read_qrels(path) == {"q 1": {"my file.txt#3": 2}}


@pytest.mark.parametrize("name", ["qrels.txt", "test.tsv"])
def test_qrels_come_back(tmp_path: Path, name: str) -> None:
    write_qrels(QRELS, tmp_path / name)
    assert read_qrels(tmp_path / name) == QRELS
    first = (tmp_path / name).read_text().splitlines()[0]
    assert first == ("q1 0 d1 2" if name == "qrels.txt" else "query-id\tcorpus-id\tscore")


def test_trec_eval_reads_what_is_written(tmp_path: Path) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    write_qrels(QRELS, tmp_path / "qrels")
    with open(tmp_path / "qrels") as file:
        assert pytrec_eval.parse_qrel(file) == QRELS


def test_a_run_is_ranked_by_its_scores(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("q1 Q0 d7 1 0.5 bm25\nq1 Q0 d1 2 3.5 bm25\n\nq2 Q0 d3 1 -1 bm25\n")
    run = read_run(path)
    assert run == {"q1": ["d1", "d7"], "q2": ["d3"]}
    assert evaluate(run, QRELS, ["ndcg@10"])["ndcg@10"] == {"q1": 1.0, "q2": 1.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("q Q0 d 1 0.5 t\nq d 0.5\n", "line 2 must be 'query Q0 document rank score tag', got 3"),
        ("q Q0 d 1 high t\n", "line 1: score 'high' is no number"),
        ("q Q0 d 1 nan t\n", "line 1: score 'nan' is no number"),
        ("q Q0 d 1 2 t\nq Q0 d 2 1 t\n", "line 2: document d comes twice for query q"),
    ],
)
def test_a_run_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run").write_text(text)
    with pytest.raises(InvalidArgument, match=said):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"q 0 d 1\nq d\n", "line 2 must be"),
        (b"q 0 d good\n", "line 1: grade 'good' is no integer"),
        (b"q 0 \xff 1\n", "is no UTF-8"),
    ],
)
def test_qrels_that_are_none(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "qrels").write_bytes(text)
    with pytest.raises(InvalidArgument, match=said):
        read_qrels(tmp_path / "qrels")


@pytest.mark.parametrize("grade", [1.5, None, "2", True])
def test_a_grade_that_qrels_cannot_hold(tmp_path: Path, grade: Any) -> None:
    with pytest.raises(InvalidArgument, match="that of document 'd' for query 'q' is"):
        write_qrels({"q": {"d": grade}}, tmp_path / "qrels")
    with pytest.raises(InvalidArgument, match="the id 1 is no str"):
        write_qrels({1: {"d": 1}}, tmp_path / "qrels")  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_qrels_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="'two words'"):
        write_qrels({"two words": {"d": 1}}, tmp_path / "qrels")
    assert list(tmp_path.iterdir()) == []
