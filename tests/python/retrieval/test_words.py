"""Terms of many scripts, and passages of a word budget."""

from __future__ import annotations

import itertools

import pytest

from tamis import InvalidArgument
from tamis.retrieval.passages import cut, cut_document
from tamis.retrieval.words import Analyzer


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The cells' nuclei, dividing!", ["cell", "nuclei", "divid"]),
        ("ＦＵＬＬ Straße CAFÉ", ["full", "strass", "café"]),
        ("東京都 is big", ["big", "東京", "京都"]),
        ("駅", ["駅"]),
        ("서울의", ["서울", "울의"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("", []),
        ("?! the", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert Analyzer("english")(text) == terms


def test_other_languages() -> None:
    assert Analyzer("german")("Die Häuser") == ["die", "haus"]
    assert Analyzer(None)("The Houses") == ["the", "houses"]
    with pytest.raises(InvalidArgument, match=r"one of arabic, .*got 'klingon'"):
        Analyzer("klingon")


def test_cut_keeps_every_word_and_overlaps() -> None:
    words = [f"w{i}" for i in range(23)]
    for size, overlap in [(5, 0), (5, 2), (5, 4), (22, 3), (23, 5), (100, 1)]:
        pieces = [piece.split() for piece in cut("  ".join(words), size, overlap)]
        assert all(len(piece) <= size for piece in pieces)
        rebuilt = pieces[0] + [word for piece in pieces[1:] for word in piece[overlap:]]
        assert rebuilt == words
        for one, next_one in itertools.pairwise(pieces):
            assert overlap == 0 or one[-overlap:] == next_one[:overlap]
            assert len(next_one) > overlap


def test_cut_counts_characters_where_there_are_no_spaces() -> None:
    assert cut("日本の首都は東京です", 4, 1) == ["日本の首", "首都は東", "東京です"]
    assert cut(" \n ", 4, 1) == []
    assert cut(" two\n words ", 0, 0) == ["two\n words"]


def test_passages_of_a_document_begin_with_its_title() -> None:
    found = cut_document("d", "Title", "a b c d e", words=3, overlap=1)
    assert [(p.id, p.document, p.text) for p in found] == [
        ("d#0", "d", "Title\na b c"),
        ("d#1", "d", "Title\nc d e"),
    ]
    assert cut_document("d", "", "a b")[0].stored() == {"id": "d", "text": "a b"}
    assert cut_document("d", "Title", "")[0].text == "Title"
    assert cut_document("d", "", " ") == []
