"""The Porter stemmer: "connected", "connecting" and "connections" all become "connect".

M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980; the names of the steps and
of the measure m are the paper's. For lower-case English words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_Rule = tuple[str, str]

_STEP_2: Sequence[_Rule] = [
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
]  # fmt: skip
_STEP_3: Sequence[_Rule] = [
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
]  # fmt: skip
_STEP_4: Sequence[_Rule] = [
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
]  # fmt: skip; "ion" has a condition of its own


def _is_consonant(word: str, i: int) -> bool:
    if word[i] == "y":
        return i == 0 or not _is_consonant(word, i - 1)
    return word[i] not in "aeiou"


def _measure(stem: str) -> int:
    """m in [C](VC)^m[V]: how often a vowel run is followed by a consonant run."""
    kinds = [_is_consonant(stem, i) for i in range(len(stem))]
    return sum(not kinds[i - 1] and kinds[i] for i in range(1, len(kinds)))


def _has_vowel(stem: str) -> bool:
    return any(not _is_consonant(stem, i) for i in range(len(stem)))


def _ends_double_consonant(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _is_consonant(word, len(word) - 1)


def _ends_cvc(word: str) -> bool:
    """The paper's *o: consonant, vowel, consonant that is not w, x or y."""
    n = len(word)
    return (
        n > 2
        and _is_consonant(word, n - 3)
        and not _is_consonant(word, n - 2)
        and _is_consonant(word, n - 1)
        and word[-1] not in "wxy"
    )


def _replace(word: str, rules: Sequence[_Rule], accepts: Callable[[str], bool]) -> str:
    """The rule with the longest matching suffix decides, whether or not its condition holds."""
    matching = [rule for rule in rules if word.endswith(rule[0])]
    if not matching:
        return word
    suffix, replacement = max(matching, key=lambda rule: len(rule[0]))
    stem = word[: -len(suffix)]
    return stem + replacement if accepts(stem) else word


def _step_1(word: str) -> str:
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        if _measure(word[:-3]) > 0:
            word = word[:-1]
    else:
        for suffix in ("ed", "ing"):
            stem = word[: -len(suffix)]
            if word.endswith(suffix) and _has_vowel(stem):
                word = _after_ed_or_ing(stem)
                break
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    return word


def _after_ed_or_ing(word: str) -> str:
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if _ends_double_consonant(word) and word[-1] not in "lsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_cvc(word) else word


def _step_4(word: str) -> str:
    for suffix in ("sion", "tion"):  # (m > 1 and (*S or *T)) ION: only "ion" goes
        if word.endswith(suffix):
            return word[:-3] if _measure(word[:-3]) > 1 else word
    return _replace(word, _STEP_4, lambda stem: _measure(stem) > 1)


def _step_5(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_cvc(word[:-1])):
            word = word[:-1]
    if _measure(word) > 1 and word.endswith("ll"):
        word = word[:-1]
    return word


def stem(word: str) -> str:
    """The stem of a lower-case word. Words of one or two letters stay, as in Porter's own code."""
    if len(word) <= 2:
        return word
    word = _step_1(word)
    word = _replace(word, _STEP_2, lambda stem: _measure(stem) > 0)
    word = _replace(word, _STEP_3, lambda stem: _measure(stem) > 0)
    return _step_5(_step_4(word))
