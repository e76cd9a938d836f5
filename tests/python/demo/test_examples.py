"""Each Python example runs, and prints what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"


def run(name: str, *arguments: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", EXAMPLES / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_metrics():
    lines = run("005_metrics.py")
    assert [line.split()[0] for line in lines] == ["ndcg@10", "mrr@10", "recall@100"]
    assert "0.000 [+0.000, +0.000]" in lines[2]


def test_score_pairs():
    scores = [float(line.split()[0]) for line in run("010_score_pairs.py")]
    assert scores[1] < min(scores[0], scores[2])


def test_cascade():
    lines = run("030_cascade.py")
    assert lines[0] == "Cascade, 1500 ms"
    end = lines.index("")
    assert "Peace of Westphalia" in lines[end + 1]
    assert [line.split()[0] for line in lines[end + 5 : -1]] == [
        "words",
        "deduplicate",
        "late_interaction",
        "rerank",
    ]


def test_rerank():
    query, *hits = run("020_rerank.py")
    assert query.startswith("who signed")
    scores = [float(line.split()[0]) for line in hits]
    assert scores == sorted(scores, reverse=True)
    assert len(hits) == 3
    assert not any("Tulips" in line for line in hits)


def test_scifact():
    lines = run("040_scifact.py", "--claims", 3, "--abstracts", 60)
    words = [line.split() for line in lines]
    assert lines[0].startswith("60 abstracts, 3 claims")
    assert [row[0] for row in words[3:6]] == ["retrieve", "compare", "rerank"]
    recall = [float(row[1]) for row in words[3:6]]
    assert 1 >= recall[0] >= recall[1] >= recall[2] > 0
    assert [row[0] for row in words[8:]] == ["1500", "500", "200", "100", "50"]


def test_scifact_for_the_other_language(tmp_path):
    assert run("040_scifact.py", "--abstracts", 400, "--export", tmp_path) == []
    rows = {
        path.stem: [line.split("\t") for line in path.read_text("utf-8").splitlines()]
        for path in tmp_path.iterdir()
    }
    assert {len(row) for row in rows["documents"]} == {len(row) for row in rows["queries"]} == {2}
    documents, queries = ({row[0] for row in rows[name]} for name in ("documents", "queries"))
    assert len(documents) == 400
    assert {row[0] for row in rows["qrels"]} == queries
    assert len(queries) == 10
    assert {row[1] for row in rows["qrels"]} <= documents


def test_textbook():
    """However the judge is, eight come back, and the trace says how it was."""
    lines = run("050_textbook.py", "--abstracts", 60)
    scenes = [i for i, line in enumerate(lines) if line.startswith("--- ")]
    assert len(scenes) == 5
    for begin, end in zip(scenes, [*scenes[1:], len(lines)], strict=True):
        assert len(lines[begin + 3 : begin + 11]) == 8
        table = [line.split() for line in lines[begin + 11 : end]]
        assert [row[0] for row in table[:5]] == ["stage", "retrieve", "rerank", "judge", "total"]
        assert table[1][3] == "60"
        assert table[3][3] == "8"
    told = "\n".join(lines[scenes[-1] :])
    assert "skipped: judge" in told
    assert "degraded" in told


def test_every_example_has_a_test():
    tested = {
        "005_metrics.py",
        "010_score_pairs.py",
        "020_rerank.py",
        "030_cascade.py",
        "040_scifact.py",
        "050_textbook.py",
    }
    assert {path.name for path in EXAMPLES.glob("[0-9]*.py")} == tested
