"""Pairs: ids, type ids and what truncation cuts equal those of `tokenizers`."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentences import SENTENCES
from tokenizer_kinds import Both, read_both

import tamis
import tokenizers

WORDS = [word for sentence in SENTENCES for word in sentence.split()]
ROUNDS = 300
STRATEGIES = ["longest_first", "only_second", "only_first"]


def _text(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.choice((0, 1, 2, 5, 20, 60))))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_truncation(both: Both, strategy: str) -> None:
    rng = random.Random(f"{both.name} {strategy}")
    special = both.theirs.num_special_tokens_to_add(True)
    refused = 0
    try:
        for _ in range(ROUNDS):
            query, document = _text(rng), _text(rng)
            longest = special + rng.choice((0, 1, 2, 3, 7, 30, 31, 64, 200))
            both.theirs.enable_truncation(longest, strategy=strategy)
            try:
                expected = both.theirs.encode(query, document)
            except Exception:  # tokenizers raises a bare one where a side cannot be cut enough
                with pytest.raises(tamis.InvalidArgument, match="cannot help"):
                    both.ours.encode_pair(query, document, longest, strategy)
                refused += 1
                continue
            _compare(both, query, document, longest, strategy, expected)
    finally:
        both.theirs.no_truncation()
    assert refused < ROUNDS


def _compare(
    both: Both, query: str, document: str, longest: int, strategy: str, expected: Any
) -> None:
    found = both.ours.encode_pair(query, document, longest, strategy)
    what = f"{both.name} {strategy} {longest} {query!r} {document!r}"
    assert found["ids"].tolist() == expected.ids, what
    types = expected.type_ids if both.has_types else [0] * len(expected.ids)
    assert found["type_ids"].tolist() == types, what
    cut = found["query_tokens_cut"] + found["document_tokens_cut"]
    both.theirs.no_truncation()
    assert cut == len(both.theirs.encode(query, document).ids) - len(expected.ids), what


def test_a_side_is_cut_first_and_counted(both: Both) -> None:
    query, document = " ".join(SENTENCES[:2]), " ".join(SENTENCES[2:6])
    whole = both.ours.encode_pair(query, document, 10_000)
    cut = both.ours.encode_pair(query, document, 10_000, max_query_tokens=3, max_document_tokens=4)
    assert cut["query_tokens_cut"] + 3 == len(both.ours.encode_batch([query])[0])
    assert cut["document_tokens_cut"] + 4 == len(both.ours.encode_batch([document])[0])
    assert (
        len(cut["ids"]) == len(whole["ids"]) - cut["query_tokens_cut"] - cut["document_tokens_cut"]
    )


@pytest.mark.parametrize("stated", ["tokenizer_config.json", "tokenizer.json"])
def test_truncation_at_the_left(
    stated: str, both_of: Callable[[str], Both], tmp_path: Path
) -> None:
    folder = shutil.copytree(both_of("roberta").folder, tmp_path / "left")
    config = folder / "tokenizer_config.json"
    if stated == config.name:
        written = {**json.loads(config.read_text()), "truncation_side": "left"}
        config.write_text(json.dumps(written))
    else:
        whole = tokenizers.Tokenizer.from_str(both_of("roberta").theirs.to_str())
        whole.enable_truncation(64, direction="left")
        whole.save(str(folder / "tokenizer.json"))
    both = read_both("left", folder, auto=True)
    rng = random.Random(stated)
    for _ in range(ROUNDS):
        query, document = _text(rng), _text(rng)
        longest = 4 + rng.choice((0, 1, 2, 7, 31, 64))
        both.theirs.enable_truncation(longest, direction="left")
        _compare(
            both, query, document, longest, "longest_first", both.theirs.encode(query, document)
        )


def test_no_room_for_special_tokens(both: Both) -> None:
    room = both.theirs.num_special_tokens_to_add(True)
    with pytest.raises(tamis.InvalidArgument, match=f"{room} special tokens"):
        both.ours.encode_pair("a", "b", room - 1)
