"""Every code point, alone and inside a word, is read as `tokenizers` reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tokenizer_kinds import Both

# All that is assigned; of the empty planes and of private use every 97th.
CODE_POINTS = [
    c
    for c in (*range(0x32400), *range(0x32400, 0xE0000, 97), *range(0xE0000, 0xE1000),
              *range(0xE1000, 0x110000, 97))
    if not 0xD800 <= c < 0xE000
]  # fmt: skip

KINDS = [
    *("bert_uncased", "bert_cased", "bert_added", "xlmr", "albert", "roberta", "byte_level"),
    *("modernbert", "qwen2", "compatible", "deberta"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_point(kind: str, both_of: Callable[[str], Both]) -> None:
    both = both_of(kind)
    both.check([chr(c) for c in CODE_POINTS], chunk=8192)
    both.check([f"a{chr(c)}b" for c in CODE_POINTS], chunk=8192)
    both.check([f"1{chr(c)} {chr(c)}2" for c in CODE_POINTS], chunk=8192)
