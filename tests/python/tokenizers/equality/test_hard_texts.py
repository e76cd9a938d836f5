"""Token ids equal those of `tokenizers` for strings that break tokenizers."""

from __future__ import annotations

import os

import pytest
from hard_texts import CHARACTERS, PIECES, SPECIAL, hard_texts
from sentences import SENTENCES
from tokenizer_kinds import Both
from trained_kinds import ALONE_KINDS

# For each kind, and for those that need no files from elsewhere, which alone make 200,000.
COUNT = int(os.environ.get("TAMIS_HARD_TEXTS", "20000"))
ALONE = COUNT * 5 // 2
LARGE = 1_000_000


def test_mutated(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    count = ALONE if both.name in ALONE_KINDS else COUNT
    checked = both.check(list(hard_texts(both.name, SENTENCES, count)))
    assert checked == count
    with capsys.disabled():
        print(f"\n{both.name}: {checked} mutated strings equal")


def test_each_hard_piece(both: Both) -> None:
    pieces = CHARACTERS + PIECES + SPECIAL
    both.check(pieces)
    both.check([f"a{piece}b {piece} c" for piece in pieces])
    both.check([first + second for first in CHARACTERS for second in pieces])


@pytest.mark.parametrize(
    "unit",
    ["a", "ab ", " ", "\u4e2d", "e\u0301", "\u0301", "[SEP]", "<mask> ", "\U0001f469\u200d", "\x00",
     "the quick brown fox, "],
)  # fmt: skip
def test_a_megabyte(both: Both, unit: str) -> None:
    size = LARGE if len(unit) > 2 or both.name in ("bert_uncased", "xlmr") else LARGE // 10
    both.check([unit * (size // len(unit.encode()))])


def test_empty(both: Both) -> None:
    both.check(["", " ", "\n", "\u3000", "\x00"])


def test_lone_surrogates_read_as_replacement_characters(both: Both) -> None:
    both.check(["\ud800", "a\udfffb", "\udc00\ud800", "caf\u00e9 \ud83d", "\ud83d\ud83d\ude00 x"])
