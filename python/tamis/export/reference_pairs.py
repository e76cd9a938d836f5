"""The pairs on which a bundle is compared with its source before it is written."""

from __future__ import annotations

_SENTENCE = (
    "The lighthouse keeper wrote down the wind, the hour and the names of the ships that passed, "
    "and sent the book to the harbour office at the end of every month. "
)

REFERENCE_PAIRS: list[tuple[str, str]] = [
    ("x", "y"),
    ("capital of France", "Paris is the capital and largest city of France."),
    ("capital of France", "Bananas are rich in potassium."),
    ("how do vaccines work?", "A vaccine trains the immune system to recognise a pathogen."),
    ("Wann fiel die Berliner Mauer?", "Die Berliner Mauer fiel am 9. November 1989."),
    ("où se trouve le musée du Louvre", "Le musée du Louvre est situé à Paris, près de la Seine."),
    ("日本の首都はどこですか", "東京は日本の首都であり、人口は約千四百万人である。"),
    ("кто написал «Войну и мир»", "Роман «Война и мир» написал Лев Толстой."),
    ("ما هي أطول أنهار العالم", "نهر النيل من أطول أنهار العالم ويمر بعشر دول."),
    (
        "C++20 std::span<T> & naïve café 🙂",
        "Views cost 0.5% — see §4.2 [note]; 12,345 units @ €9.99!",
    ),
    ("", "An empty query still has an answer of some kind."),
    ("who kept the harbour's book", _SENTENCE * 3),
    (_SENTENCE * 2, _SENTENCE),
    ("lighthouse", _SENTENCE * 60),
]
