"""Words of a text: for BM25, and to measure a passage.

Chinese, Japanese, Thai and others put no spaces between words. Their runs are read as pairs of
neighbouring characters, Korean's too, whose particles cling to the words.
"""

from __future__ import annotations

import re
import unicodedata

from tamis import checks
from tamis.errors import InvalidArgument
from tamis.retrieval import extra

# Thai, Lao, Myanmar, Khmer, kana, bopomofo, ideographs, Hangul.
_UNSEGMENTED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# re's \w leaves out combining marks, the vowel signs of Devanagari among them.
_MARKS = "".join(c for c in map(chr, range(0x300, 0xAC00)) if unicodedata.category(c)[0] == "M")
_TERM = re.compile(f"[{_UNSEGMENTED}]+|(?:[^\\W{_UNSEGMENTED}]|[{_MARKS}])+")
_UNIT = re.compile(f"[{_UNSEGMENTED}]|[^\\s{_UNSEGMENTED}]+")
_RUN = re.compile(f"[{_UNSEGMENTED}]")
# Lucene's.
_ENGLISH = """
    a an and are as at be but by for if in into is it no not of on or such that the their then
    there these they this to was will with
"""
_STOPWORDS = {"english": frozenset(_ENGLISH.split())}


class Analyzer:
    """Text -> terms. `language`: of PyStemmer's stemmers, or None for no stemming. Immutable."""

    def __init__(self, language: str | None) -> None:
        if language is not None:
            checks.text("language", language)
        self.language = language
        self._stopwords = _STOPWORDS.get(language or "", frozenset())
        if language is None:
            return
        self._stemming = extra.load("Stemmer", "PyStemmer")
        known = self._stemming.algorithms()
        if language not in known:
            raise InvalidArgument(
                f"language must be None or one of {', '.join(sorted(known))}; got "
                f"{checks.shown(language)}"
            )

    def __call__(self, text: str) -> list[str]:
        words, pairs = [], []
        for run in _TERM.findall(unicodedata.normalize("NFKC", text).casefold()):
            if _RUN.match(run):
                pairs += [run[i : i + 2] for i in range(max(len(run) - 1, 1))]
            elif run not in self._stopwords:
                words.append(run)
        if self.language is not None:
            # A stemmer is not to be shared by threads, and costs little to make.
            words = self._stemming.Stemmer(self.language).stemWords(words)
        return words + pairs


def units(text: str) -> list[tuple[int, int]]:
    """(begin, end) of each word, or character where a script has no spaces."""
    return [found.span() for found in _UNIT.finditer(text)]
