"""Where in the text each token stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hard_texts import hard_texts
from sentences import SENTENCES
from tokenizer_kinds import SURROGATE, Both

KINDS = ["bert_uncased", "bert_cased", "bert_chinese", "bert_unsplit", "bert_added", "byte_level"]
KEEP_MARKS = ("modernbert", "qwen2", "compatible", "deberta")  # where they were moved to
TEXTS = [*SENTENCES, *hard_texts("spans", SENTENCES, 3000)]


def _moves_marks(text: str) -> bool:
    """Whether canonical ordering does; `tokenizers` then gives the place where a mark went."""
    apart = "".join(unicodedata.normalize("NFD", c) for c in text)
    return unicodedata.normalize("NFD", text) != apart


@pytest.mark.parametrize(
    "kind",
    ["bert_uncased", "bert_cased", "bert_chinese", "bert_unsplit", "bert_added", "byte_level"],
)
def test_spans_equal_offsets(kind: str, both_of: Callable[[str], Both]) -> None:
    both = both_of(kind)
    texts = [text for text in TEXTS if not _moves_marks(text)]
    assert len(texts) > 0.9 * len(TEXTS)
    for text, expected in zip(
        texts,
        both.theirs.encode_batch(
            [SURROGATE.sub("\ufffd", text) for text in texts], add_special_tokens=False
        ),
        strict=True,
    ):
        ids, spans = both.ours.tokenize(text, with_spans=True)
        assert ids.tolist() == expected.ids
        assert [tuple(span) for span in spans.tolist()] == expected.offsets, ascii(text)


def test_spans_stand_in_order_and_change_no_ids(both: Both) -> None:
    for text in TEXTS:
        ids, spans = both.ours.tokenize(text, with_spans=True)
        assert ids.tolist() == both.ours.encode_batch([text])[0].tolist()
        assert len(spans) == len(ids)
        for begin, end in spans.tolist():
            assert 0 <= begin <= end <= len(text)
        if both.name == "bpe_bytes":  # bytes come before the unknown run that they interrupt
            continue
        if both.name in KEEP_MARKS and _moves_marks(text):
            continue
        begins = spans[:, 0].tolist()
        assert begins == sorted(begins), ascii(text)
