"""Token ids equal those of `tokenizers` for the texts and queries of real collections."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from beir_texts import collection_folders, texts_of
from every_kind import EVERY_KIND
from tokenizer_kinds import DATA, WHOLE, Both

FOLDERS = collection_folders(DATA) if DATA.is_dir() else []
# Of the documents, for the kinds outside WHOLE; they read every query. 1 for a long run.
SHARE = float(os.environ.get("TAMIS_TOKENIZER_SHARE", "0.125"))
# Kinds that differ from others in how a text is composed or split: a share of both for them.
ALIKE = ("modernbert", "qwen2", "llama3", "compatible", "deberta")
SKIP = pytest.mark.skipif(not FOLDERS, reason=f"no collections below {DATA} (TAMIS_SHARED_DATA)")


@cache
def _texts(folder: Path) -> tuple[list[str], list[str]]:
    return texts_of(folder)


@SKIP
@pytest.mark.parametrize("kind", list(EVERY_KIND))
def test_collections(
    kind: str, both_of: Callable[[str], Both], capsys: pytest.CaptureFixture[str]
) -> None:
    both = both_of(kind)
    texts = queries = 0
    for folder in FOLDERS:
        documents, asked = _texts(folder)
        if kind not in WHOLE:
            pick = random.Random(f"{kind} {folder.name}")
            share = SHARE / 4 if kind in ALIKE else SHARE
            documents = [text for text in documents if pick.random() < share]
            if kind in ALIKE:
                asked = [text for text in asked if pick.random() < share]
        texts += both.check(documents)
        queries += both.check(asked)
    with capsys.disabled():
        print(f"\n{kind}: {texts} texts and {queries} queries of {len(FOLDERS)} collections equal")
