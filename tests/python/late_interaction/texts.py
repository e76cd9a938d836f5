"""Texts of many kinds: accents, CJK, empty, long, and one twice."""

from __future__ import annotations

TEXTS = [
    "how many people live in berlin?",
    "Berlin had 3,520,031 inhabitants in 2016.",
    "Berlin is well known for its museums.",
    "Bamboo, mostly; 12 to 38 kg of it a day.",
    "Ein Café ist ein Gasthaus. 東京 is far, and so is München.",
    "",
    "a",
    "the quick brown fox jumps over the lazy dog " * 20,
    "Berlin had 3,520,031 inhabitants in 2016.",
]
