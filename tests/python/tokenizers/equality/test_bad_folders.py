"""A folder that is no tokenizer, or a broken one: one sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tamis
from tamis._native import Tokenizer

VOCAB = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"])


def _json(**changes: Any) -> str:
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "vocab": {token: i for i, token in enumerate(VOCAB.split("\n"))},
        },
    }
    return json.dumps({**tokenizer, **changes})


BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "empty folder": ({}, "holds no tokenizer"),
    "empty tokenizer.json": ({"tokenizer.json": ""}, "tokenizer.json"),
    "truncated tokenizer.json": ({"tokenizer.json": _json()[:99]}, "tokenizer.json is no JSON"),
    "a list": ({"tokenizer.json": "[1]"}, "tokenizer.json is no JSON object"),
    "no model": ({"tokenizer.json": _json(model=None)}, "field 'model' is missing"),
    "unknown kind": (
        {"tokenizer.json": _json(model={"type": "WordLevel", "vocab": {"a": 0}})},
        "WordLevel, which is not supported",
    ),
    "negative id": (
        {"tokenizer.json": _json(model={"type": "WordPiece", "vocab": {"[UNK]": -1}})},
        "the id of",
    ),
    "huge id": (
        {"tokenizer.json": _json(model={"type": "WordPiece", "vocab": {"[UNK]": 2**40}})},
        "the id of",
    ),
    "no unknown token": (
        {"tokenizer.json": _json(model={"type": "WordPiece", "vocab": {"[CLS]": 0}})},
        "tokenizer.json",
    ),
    "broken template": (
        {"tokenizer.json": _json(post_processor={"type": "TemplateProcessing", "pair": 3})},
        "field 'pair'",
    ),
    "empty vocab.txt": ({"vocab.txt": ""}, "vocab.txt"),
    "split special tokens": (
        {"vocab.txt": VOCAB, "tokenizer_config.json": '{"split_special_tokens": true}'},
        "tokenizer_config.json: split_special_tokens is not supported",
    ),
    "no [SEP]": ({"vocab.txt": VOCAB.replace("[SEP]", "x")}, "vocab.txt has no '\\[SEP\\]'"),
    "broken tokenizer_config.json": (
        {"vocab.txt": VOCAB, "tokenizer_config.json": "{"},
        "tokenizer_config.json is no JSON",
    ),
    "wrong type": (
        {"vocab.txt": VOCAB, "tokenizer_config.json": '{"do_lower_case": "yes"}'},
        "'do_lower_case'",
    ),
    "length 0": (
        {"vocab.txt": VOCAB, "tokenizer_config.json": '{"model_max_length": 0}'},
        "model_max_length is 0",
    ),
    "another class": (
        {
            "vocab.txt": VOCAB,
            "tokenizer_config.json": '{"tokenizer_class": "BertJapaneseTokenizer"}',
        },
        "BertJapaneseTokenizer",
    ),
    "unknown pair template": (
        {"vocab.txt": VOCAB, "config.json": '{"pair_template": "x"}'},
        "cls_sep_cls_sep",
    ),
    "no sentencepiece model": (
        {"sentencepiece.bpe.model": "not a model", "tokenizer_config.json": "{}"},
        "sentencepiece.bpe.model",
    ),
    "empty sentencepiece model": (
        {"spiece.model": "", "tokenizer_config.json": '{"tokenizer_class": "AlbertTokenizer"}'},
        "spiece.model",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_broken(name: str, tmp_path: Path) -> None:
    files, message = BROKEN[name]
    for file, content in files.items():
        (tmp_path / file).write_text(content)
    with pytest.raises(tamis.TokenizerError, match=message):
        Tokenizer.load(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(tamis.TokenizerError, match="is no folder"):
        Tokenizer.load(tmp_path / "nowhere")


def test_the_template_of_our_own_models(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(VOCAB)
    (tmp_path / "config.json").write_text('{"pair_template": "cls_sep_cls_sep"}')
    pair = Tokenizer.load(tmp_path).encode_pair("a", "ab")
    assert pair["ids"].tolist() == [2, 5, 3, 2, 5, 6, 3]
    assert pair["type_ids"].tolist() == [0, 0, 0, 1, 1, 1, 1]
