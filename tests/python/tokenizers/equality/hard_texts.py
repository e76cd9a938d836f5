"""Strings that break tokenizers, made from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

SPECIAL = [
    *("[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "<s>", "</s>", "<mask>", "<unk>", "<pad>"),
    *("[SEP", "SEP]", "<ma sk>", " <mask> ", "\u00a0<mask>", "<mask>\n", "en_XX", "<s>NOTUSED"),
    *("[sep]", "x[MASK]x", "##ing", "##", "\u2581", "\u2581\u2581", "a\u2581b", "<extra_id_0>"),
    *("covid", "COVID-19", "xcovidx", "\u00c9lan Vital", "e\u0301lan vital", "na\u00efve"),
    *(
        "Na\u00efve,",
        "na\u00efvely",
        " [E1] ",
        "x[e1]",
        "[Q] ",
        "<0x41>",
        "<|endoftext|>",
        "<u\u0327nk>",
    ),
]
PIECES = [
    *(
        "it's",
        "we're",
        "I'll",
        "'S",
        "''s",
        "x\u2019s",
        " 's",
        "a 1b2",
        "\n\n x",
        "\t y",
        "  \u3000z",
    ),
    *("``quoted''", "don't", "U.S.A.", "1,000", "9,", "3.14", "e-mail@host.org", "C++", "#tag"),
    *("\ufb01ne", "\u2460", "\u3392", "\u2122", "\u00bd", "\uff21\uff22\uff43", "\u1e9b\u0323"),
    *(
        "e\u0301",
        "\u00e9",
        "a\u0328\u0301",
        "\u0130stanbul",
        "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
    ),
    *(
        "\ud55c\uad6d\uc5b4",
        "\u1112\u1161\u11ab",
        "\u6771\u4eac",
        "\U0002070e",
        "\uf900",
        "\u30ab\u3099",
    ),
    *(
        "\uff76\uff9e",
        "\u0e01\u0e33",
        "\u0928\u093f",
        "\u0915\u094d\u0937",
        "\u05e9\u05c1",
        "\u0644\u0627",
    ),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7", "\U0001f44d\U0001f3fd"),
    *("\u2764\ufe0f", "1\ufe0f\u20e3", "\u200f\u05d0\u200e", "\u202eabc\u202c", "\u2066x\u2069"),
]
CHARACTERS = [
    *"\x00\x01\x08\t\n\x0b\x0c\r\x1b\x1c\x7f\x80\x85\x9f\xa0\xad",
    *"\u0300\u0301\u0327\u0345\u034f\u05b0\u064b\u0670\u093c\u0e31\u0e33\u200b\u200c\u200d\u200e",
    *"\u1680\u180e\u2000\u2003\u2028\u2029\u202f\u205f\u2060\u3000\u302e\u3099\u309a\ufe0f\ufeff",
    *"\ufffd\ufffe\uffff\ue000\U0001d165\U0001f3fb\U000e0001\U000e0100\U000f0000\U0010ffff",
    *"\u1100\u1161\u11a8\uac00\uac01\ud7a3\u0130\u0131\u03a3\u03c2\u00df\u1e9e\u01c5\ufb00",
]


def any_character(rng: random.Random) -> str:
    """Of all of Unicode, lone surrogates among them, the lower planes more often."""
    return chr(rng.randrange(rng.choice((0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000))))


def _part(rng: random.Random, words: list[str]) -> str:
    kind = rng.random()
    if kind < 0.40:
        return rng.choice(words)
    if kind < 0.55:
        return rng.choice((" ", " ", "  ", "   ", "\n", "\t", "\r\n", "\u3000"))
    if kind < 0.65:
        return rng.choice(CHARACTERS)
    if kind < 0.75:
        return rng.choice(PIECES)
    if kind < 0.82:
        return rng.choice(SPECIAL)
    if kind < 0.94:
        return any_character(rng)
    return chr(rng.randrange(32, 127)) * rng.choice((1, 1, 2, 5, 99, 100, 101))


def _mutated(rng: random.Random, text: str) -> str:
    """Characters of the text dropped, doubled, swapped, replaced and put in."""
    characters = list(text)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(characters) + 1)
        action = rng.randrange(4)
        if action == 0:
            del characters[at : at + rng.randrange(1, 4)]
        elif action == 1:
            characters[at:at] = characters[at : at + rng.randrange(1, 9)]
        elif action == 2:
            characters.insert(at, rng.choice(CHARACTERS))
        else:
            characters[at : at + 1] = rng.choice(PIECES + SPECIAL)
    return "".join(characters)


def hard_texts(seed: str, sentences: list[str], count: int) -> Iterator[str]:
    """Half are real sentences with a few mutations, half are strung together from hard parts."""
    rng = random.Random(seed)
    words = [word for sentence in sentences for word in sentence.split()]
    for i in range(count):
        if i % 2:
            yield _mutated(rng, rng.choice(sentences))
        else:
            yield "".join(_part(rng, words) for _ in range(rng.randrange(1, 12)))
