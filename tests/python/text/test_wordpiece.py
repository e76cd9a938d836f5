"""WordPiece equals `tokenizers`, id for id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import conftest as shared_files
from . import strings

MADE = 120_000
MUTATED = 60_000


def test_every_code_point(default_pair: tuple[Any, Any]) -> None:
    """Alone, and inside a word, for all of Unicode."""
    ours, theirs = default_pair
    points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and (c < 0x32000 or 0xE0000 <= c < 0xE0200 or c % 97 == 0)]
    texts = [f"{chr(c)} a{chr(c)}b" for c in points]
    print(f"{shared_files.assert_equal_ids(ours, theirs, texts)} code points")


def test_made_strings(default_pair: tuple[Any, Any]) -> None:
    ours, theirs = default_pair
    print(f"{shared_files.assert_equal_ids(ours, theirs, list(strings.made(MADE, seed=1)))} strings")


@pytest.mark.parametrize("options", [{"do_lower_case": False}, {"strip_accents": False}, {"tokenize_chinese_chars": False}])
def test_options(load: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    folder = shared_files.make_folder(tmp_path / "a", shared_files.DEFAULT_MODEL, ["vocab.txt"], **options)
    texts = list(strings.made(8_000, seed=2))
    shared_files.assert_equal_ids(load(folder), shared_files.original(folder, "BertTokenizer"), texts)


def test_long_texts(default_pair: tuple[Any, Any]) -> None:
    ours, theirs = default_pair
    texts = ["a" * 1_000_000, "word " * 200_000, "é" * 300_000, "漢" * 300_000, "\u0301" * 400_000, "a" * 100, "a" * 101, ""]
    shared_files.assert_equal_ids(ours, theirs, texts, size=1)


def test_lone_surrogates_read_as_replacement(default_pair: tuple[Any, Any]) -> None:
    ours, theirs = default_pair
    text = "a \ud800b \udfff\ud800 [MASK]\ud912"
    expected = theirs.encode(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), add_special_tokens=False)
    assert ours.tokenize(text)[0].tolist() == expected.ids


@pytest.mark.parametrize("name", ["ms_marco_minilm_l6_v2", "ms_marco_minilm_l12_v2", "bert_uncased_minilm"])
def test_tokenizer_json(load: Any, shared: Path, name: str) -> None:
    from tokenizers import Tokenizer

    folder = shared / "tokenizers" / name
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    shared_files.assert_equal_ids(load(folder), theirs, list(strings.made(4_000, seed=3)))


@pytest.mark.parametrize(("name", "lower"), [("bert_cased_en", False), ("bert_chinese", True)])
def test_other_vocabularies(load: Any, shared: Path, tmp_path: Path, name: str, lower: bool) -> None:
    folder = shared_files.make_folder(tmp_path / "a", shared / "tokenizers" / name, ["vocab.txt"], do_lower_case=lower)
    ours, theirs = load(folder), shared_files.original(folder, "BertTokenizer")
    count = 0
    for collection in shared_files.collections(shared):
        texts = list(shared_files.texts_of(collection))[::40]
        count += shared_files.assert_equal_ids(ours, theirs, texts)
    count += shared_files.assert_equal_ids(ours, theirs, list(strings.made(20_000, seed=4)))
    print(f"{name}: {count} texts")


def test_every_text_of_the_collections(default_pair: tuple[Any, Any], shared: Path) -> None:
    ours, theirs = default_pair
    count = 0
    sample: list[str] = []
    for collection in shared_files.collections(shared):
        texts = list(shared_files.texts_of(collection))
        count += shared_files.assert_equal_ids(ours, theirs, texts)
        sample += texts[::50]
    print(f"{count} texts of the collections")
    texts = list(strings.mutated(sample, MUTATED, seed=5))
    print(f"{shared_files.assert_equal_ids(ours, theirs, texts)} mutated stretches")


def test_spans_are_the_original_s(default_pair: tuple[Any, Any]) -> None:
    """Where canonical ordering moves no mark, as in all but made-up text."""
    ours, theirs = default_pair
    text = "Héllo, wörld! 東京 [MASK] naïve e\u0301te\u0301 it's 3.14"
    ids, spans = ours.tokenize(text, with_spans=True)
    expected = theirs.encode(text, add_special_tokens=False)
    assert ids.tolist() == expected.ids
    assert [tuple(span) for span in spans.tolist()] == expected.offsets


def test_the_default_model_s_template(load: Any) -> None:
    ours = load(shared_files.DEFAULT_MODEL)
    reference = json.loads((shared_files.DEFAULT_MODEL / "reference.json").read_text("utf-8"))
    for pair in reference["pairs"]:
        encoded = ours.encode_pair(pair["query"], pair["passage"], reference["max_length"])
        assert encoded["ids"].tolist() == pair["input_ids"]
        assert encoded["type_ids"].tolist() == pair["token_type_ids"]
        assert encoded["ids"].dtype == np.int32
