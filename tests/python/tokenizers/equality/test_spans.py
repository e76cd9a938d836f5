"""Where in the text each token stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hard_texts import hard_texts
from sentences import SENTENCES
from tokenizer_kinds import Both

TEXTS = [*SENTENCES, *hard_texts("spans", SENTENCES, 3000)]


@pytest.mark.parametrize("kind", ["bert_uncased", "bert_cased", "bert_chinese", "bert_unsplit"])
def test_wordpiece_spans_equal_offsets(kind: str, both_of: Callable[[str], Both]) -> None:
    both = both_of(kind)
    for text, expected in zip(
        TEXTS, both.theirs.encode_batch(TEXTS, add_special_tokens=False), strict=True
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
        begins = spans[:, 0].tolist()
        assert begins == sorted(begins), ascii(text)
