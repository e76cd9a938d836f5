"""tamis.demo.porter: the paper's examples, and the snowball project's implementation."""

from __future__ import annotations

import re

import pytest

from tamis.demo.collection import load_abstracts
from tamis.demo.porter import stem

# Porter 1980, the examples of each step, carried through all of them.
PAPER = {
    "caresses": "caress", "ponies": "poni", "ties": "ti", "caress": "caress", "cats": "cat",
    "feed": "feed", "agreed": "agre", "plastered": "plaster", "bled": "bled", "motoring": "motor",
    "sing": "sing", "conflated": "conflat", "troubled": "troubl", "sized": "size",
    "hopping": "hop", "tanned": "tan", "falling": "fall", "hissing": "hiss", "fizzed": "fizz",
    "failing": "fail", "filing": "file", "happy": "happi", "sky": "sky", "relational": "relat",
    "conditional": "condit", "rational": "ration", "valenci": "valenc", "digitizer": "digit",
    "vietnamization": "vietnam", "operator": "oper", "feudalism": "feudal", "formaliti": "formal",
    "triplicate": "triplic", "formative": "form", "electriciti": "electr", "goodness": "good",
    "revival": "reviv", "allowance": "allow", "inference": "infer", "adjustable": "adjust",
    "replacement": "replac", "adoption": "adopt", "communism": "commun", "effective": "effect",
    "probate": "probat", "rate": "rate", "cease": "ceas", "controll": "control", "roll": "roll",
}  # fmt: skip


@pytest.mark.parametrize("word", sorted(PAPER))
def test_examples_of_the_paper(word):
    assert stem(word) == PAPER[word]


def test_equal_to_snowball_on_every_word_of_the_collection():
    stemmer = pytest.importorskip("Stemmer").Stemmer("porter")
    words = {w for a in load_abstracts() for w in re.findall("[a-z0-9]+", a.passage.lower())}
    assert len(words) > 30_000
    wrong = [w for w in words if len(w) > 2 and stem(w) != stemmer.stemWord(w)]
    assert wrong == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [("", ""), ("a", "a"), ("as", "as"), ("ing", "ing"), ("ed", "ed"), ("ion", "ion"),
     ("yyy", "yyi"), ("eee", "eee"), ("sss", "sss"), ("1s1", "1s1")],
)  # fmt: skip
def test_words_that_are_all_suffix(word, expected):
    assert stem(word) == expected
