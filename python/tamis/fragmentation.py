"""Whether the embedded model can read a text: its vocabulary is English.

What it does not know, it reads in single letters or as [UNK], and then ranks worse than BM25. The
measure is the letters of a token, over words alone (numbers and signs say nothing of a language),
an [UNK] counting as one letter. About 4.5 is English; German, French, Romanian and Spanish, at 2.6
to 2.9, it still ranks as well as BM25; Turkish and Vietnamese, at 2.2, it does not; other scripts,
at 1.0 to 1.2, it ruins (docs/quality.md; benchmarks/python/languages.py measures it). Those a few
words show, the others a few sentences.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Iterable
from itertools import islice

import numpy as np

from tamis._native import Tokenizer
from tamis.errors import FragmentationWarning
from tamis.model_source import EMBEDDED
from tamis.report import level_of_caller

LEAST = 2.4  # letters a token
SAMPLE = 8  # texts
_OTHER_SCRIPT = 1.3  # letters a token, where there are few
_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_a-zA-Z]")  # "vitamin A" has one
_CHARACTERS = 600  # of each
_ENOUGH, _FEW = 150, 20  # letters to judge by


@functools.cache
def _tokenizer() -> tuple[Tokenizer, int]:
    """The embedded models', and the id of its [UNK]."""
    tokenizer = Tokenizer.load(EMBEDDED["default"])
    (unknown,) = tokenizer.tokenize("[UNK]")[0]
    return tokenizer, int(unknown)


def letters_per_token(texts: Iterable[str]) -> float | None:
    """Over the beginnings of the first few; None where they are too short to say."""
    words = [_WORD.findall(text[:_CHARACTERS]) for text in islice(texts, SAMPLE + 1)]
    letters = counted = sum(len(word) for found in words for word in found)
    if letters < _FEW:
        return None
    tokenizer, unknown = _tokenizer()
    tokens = 0
    for found in words:
        ids, spans = tokenizer.tokenize(" ".join(found), with_spans=True)
        tokens += len(ids)
        assert spans is not None  # they were asked for
        lost = spans[ids == unknown].astype(np.int64)
        letters -= int((lost[:, 1] - lost[:, 0] - 1).sum())
    per_token = letters / max(tokens, 1)
    return per_token if counted >= _ENOUGH or per_token < _OTHER_SCRIPT else None


def warn_if_fragmented(texts: Iterable[str]) -> None:
    """One FragmentationWarning, at the line that called tamis, for what is hardly English."""
    found = letters_per_token(texts)
    if found is None or found >= LEAST:
        return
    message = (
        f"the embedded models read English; their vocabulary cuts these texts into pieces of "
        f"{found:.1f} letters (English: about 4.5), and they may rank them worse than BM25 does. "
        "For other languages use CrossEncoder('multilingual') or LateInteraction('multilingual') "
        "(pip install 'tamis[multilingual]') or another multilingual reranker; "
        "warnings.simplefilter('ignore', tamis.FragmentationWarning) silences this"
    )
    warnings.warn(FragmentationWarning(message), stacklevel=level_of_caller())
