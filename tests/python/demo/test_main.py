"""What a person sees."""

from __future__ import annotations

import re

import pytest

from tamis.demo import __main__ as demo
from tamis.demo.rerank import Scores
from tamis.demo.terminal import Terminal, clip

EXPECTED = (
    "nDCG@10", "MRR@10", "recall@10", "pairs/s", "longer than the model reads", "95 % interval",
    "their best order", "│", "BM25", "reranked + 0.3 BM25", "paired bootstrap", "gains most",
    "never with these claims",
)  # fmt: skip


def by_length(pairs):
    return Scores([float(len(text) % 97) for _, text in pairs], 1, 5, 10 * len(pairs))


@pytest.mark.parametrize("full", [False, True])
def test_the_whole_demo_prints_what_it_promises(monkeypatch, capsys, full):
    monkeypatch.setattr(demo, "default_scorer", lambda: (by_length, "stand-in"))
    assert demo.main(["--only", "rerank", *(["--full"] if full else [])]) == 0
    out = capsys.readouterr().out
    assert "\033" not in out
    words = " ".join(out.split())
    for expected in EXPECTED:
        assert expected in words
    assert re.search(r"[+−]\d\.\d{3} \[[+−]\d\.\d{3}, [+−]\d\.\d{3}\]", out)
    assert "30,000 pairs in" in out
    assert max(len(line) for line in out.splitlines()) <= 110


def test_a_terminal_without_unicode_gets_ascii(monkeypatch, tmp_path):
    path = tmp_path / "out.txt"
    with path.open("w", encoding="ascii") as out:
        monkeypatch.setattr("sys.stdout", out)
        terminal = Terminal()
        terminal.write("✓ 3 × 4 → “naïve” │ −1")
        terminal.progress(5, 10, 1.0)
        terminal.end_progress()
    assert path.read_text("ascii").startswith('* 3 x 4 -> "na?ve" | -1')


def test_clip_keeps_the_width():
    assert clip("short", 10) == "short"
    assert clip("a  b\nc", 10) == "a b c"
    assert len(clip("x" * 50, 10)) == 10
