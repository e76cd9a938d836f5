"""Strings that tokenizers disagree on, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

# Combining marks of several classes, joiners, direction marks, controls, private use, Hangul, CJK of
# several blocks, letters whose lower case or decomposition is special, emoji with modifiers.
ODD = [
    0x0, 0x1, 0x9, 0xA, 0xD, 0x1B, 0x7F, 0x85, 0xA0, 0xAA, 0xAD, 0xB2, 0xDF, 0x130, 0x131, 0x149, 0x300, 0x301,
    0x302, 0x308, 0x327, 0x334, 0x345, 0x3A3, 0x3C2, 0x483, 0x5B0, 0x5B7, 0x600, 0x61C, 0x64B, 0x651, 0x6DD, 0x901,
    0x93C, 0x94D, 0x9BE, 0xAC0, 0xD4E, 0xE33, 0xE38, 0xF71, 0x1100, 0x1161, 0x11A8, 0x180E, 0x1E9E, 0x1F71, 0x2000,
    0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x202E, 0x2060, 0x2126, 0x2160, 0x2460, 0x2581, 0x302E, 0x3000,
    0x3099, 0x30AB, 0x3131, 0x4E2D, 0xAC00, 0xAC01, 0xD7A3, 0xE000, 0xF900, 0xFB01, 0xFDFA, 0xFE0F, 0xFEFF, 0xFF21,
    0xFF76, 0xFF9E, 0xFFFC, 0xFFFD, 0x10348, 0x1D15E, 0x1D165, 0x1D400, 0x1F1EB, 0x1F1F7, 0x1F3FB, 0x1F468, 0x1F469,
    0x1F600, 0x20000, 0x2A700, 0x2F800, 0xE0020, 0xE0100, 0xF0000, 0x10FFFF,
]  # fmt: skip
PARTS = [
    "[SEP]", "[MASK]", "[CLS]", "[UNK]", "[PAD]", "[mask]", "<s>", "</s>", "<mask>", "<unk>", "<pad>", "[", "##",
    "``", "''", "  ", " ", "\t\n", "ing", "the ", "un", "▁", "▁▁", "don't", "U.S.A.", "3.14", "e\u0301", "\r\n",
    "👨‍👩‍👧", "é", "ñ", "Straße", "İstanbul", "ΣΊΣΥΦΟΣ", "한국어", "日本語", "हिन्दी", "עִבְרִית", "اَلْعَرَبِيَّةُ", "ไทย",
]  # fmt: skip


def _character(random_: random.Random) -> str:
    choice = random_.random()
    if choice < 0.35:
        return chr(random_.randrange(0x20, 0x7F))
    if choice < 0.60:
        return chr(random_.choice(ODD))
    if choice < 0.70:
        return random_.choice(PARTS)
    if choice < 0.90:
        return chr(
            random_.choice([random_.randrange(0x80, 0x3400), random_.randrange(0x300, 0x370)])
        )
    code = random_.randrange(0x110000)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def made(count: int, seed: int, longest: int = 24) -> Iterator[str]:
    """Strings of odd characters."""
    random_ = random.Random(seed)
    for _ in range(count):
        yield "".join(_character(random_) for _ in range(random_.randrange(longest)))


def mutated(texts: Iterable[str], count: int, seed: int) -> Iterator[str]:
    """Stretches of real texts with characters put in, taken out, doubled and swapped."""
    random_ = random.Random(seed)
    pool = [text for text in texts if text]
    for _ in range(count):
        text = random_.choice(pool)
        begin = random_.randrange(max(1, len(text) - 60))
        letters = list(text[begin : begin + random_.randrange(1, 60)])
        for _ in range(random_.randrange(1, 5)):
            at = random_.randrange(len(letters) + 1)
            kind = random_.randrange(4)
            if kind == 0 or at == len(letters):
                letters.insert(at, _character(random_))
            elif kind == 1:
                del letters[at]
            elif kind == 2:
                letters.insert(at, letters[at])
            else:
                letters[at] = letters[at].upper()
        yield "".join(letters)
