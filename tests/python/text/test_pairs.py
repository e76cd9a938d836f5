"""Pairs and truncation equal `tokenizers`' enable_truncation, special tokens counted."""

from __future__ import annotations

import random
from typing import Any

import pytest

QUERIES = ["", "a", "what do pandas eat?", "one two three four five six seven eight nine ten"]
DOCUMENTS = ["", "b", "bamboo, mostly", "the quick brown fox jumps over the lazy dog " * 4]


@pytest.mark.parametrize("strategy", ["longest_first", "only_second", "only_first"])
def test_truncation(default_pair: tuple[Any, Any], strategy: str) -> None:
    ours, theirs = default_pair
    compared = refused = 0
    for query in QUERIES:
        for document in DOCUMENTS:
            for length in range(3, 60):
                theirs.enable_truncation(length, strategy=strategy)
                try:
                    expected = theirs.encode(query, document)
                except Exception:  # the package raises its own kind, which it does not export
                    with pytest.raises(ValueError, match=r"alone has|special tokens"):
                        ours.encode_pair(query, document, length, strategy)
                    refused += 1
                    continue
                finally:
                    theirs.no_truncation()
                encoded = ours.encode_pair(query, document, length, strategy)
                assert encoded["ids"].tolist() == expected.ids, (query, document, length)
                assert encoded["type_ids"].tolist() == expected.type_ids
                whole = theirs.encode(query, document)
                cut = encoded["query_tokens_cut"] + encoded["document_tokens_cut"]
                assert cut == len(whole.ids) - len(expected.ids)
                compared += 1
    print(f"{strategy}: {compared} pairs compared, {refused} refused by both")
    assert compared > 200


def test_limits_of_one_side_come_first(default_pair: tuple[Any, Any]) -> None:
    ours, _ = default_pair
    encoded = ours.encode_pair("a b c d e", "f g h i j", max_query_tokens=2, max_document_tokens=3)
    assert len(encoded["ids"]) == 2 + 3 + 3
    assert (encoded["query_tokens_cut"], encoded["document_tokens_cut"]) == (3, 2)


def test_random_lengths(default_pair: tuple[Any, Any]) -> None:
    ours, theirs = default_pair
    random_ = random.Random(6)
    for _ in range(1_500):
        query, document = "a " * random_.randrange(40), "b " * random_.randrange(40)
        length = random_.randrange(3, 64)
        theirs.enable_truncation(length, strategy="longest_first")
        expected = theirs.encode(query, document)
        theirs.no_truncation()
        assert ours.encode_pair(query, document, length)["ids"].tolist() == expected.ids
