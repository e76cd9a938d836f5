"""Whose settings count where tokenizer_config.json, tokenizer.json and the class differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizer_kinds import write_config

import tamis

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<pad>", "<mask>", "<unk>"]
WORDS = "a b Hello hello ##a ##b ++b hel ##lo caf ##e ##\u00e9 \u4e2d \u56fd \u4e2d\u56fd ##\u56fd"
VOCABULARY = SPECIAL + WORDS.split()
IDS = {token: i for i, token in enumerate(VOCABULARY)}
PAIRS = [
    ("Hello CAF\u00c9 caf\u00e9 qqq", "\u4e2d\u56fd ab <unk> [UNK]"),
    ("<s> a </s> [MASK] x <mask> [PAD] <pad>", "[CLS] b [SEP] ab\x01b"),
    ("a" * 40 + " b " + "a" * 150, "hello"),
]
BERT = {"tokenizer_class": "BertTokenizer"}
GENERAL = {"tokenizer_class": "PreTrainedTokenizerFast"}
MPNET = {"tokenizer_class": "MPNetTokenizer"}


def _processor(begin: str, end: str) -> dict[str, Any]:
    def token(name: str, kind: int) -> dict[str, Any]:
        return {"SpecialToken": {"id": name, "type_id": kind}}

    first = [token(begin, 0), {"Sequence": {"id": "A", "type_id": 0}}, token(end, 0)]
    second = [{"Sequence": {"id": "B", "type_id": 1}}, token(end, 1)]
    tokens = {name: {"id": name, "ids": [IDS[name]], "tokens": [name]} for name in (begin, end)}
    return {
        "type": "TemplateProcessing",
        "single": first,
        "pair": first + second,
        "special_tokens": tokens,
    }


def _write(
    folder: Path,
    config: dict[str, Any],
    model: dict[str, Any] | None = None,
    normalizer: dict[str, Any] | None = None,
    added: list[str] | None = None,
) -> None:
    """A tokenizer.json, differing from BERT's in what is given."""
    write_config(folder, "bert", config)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": IDS[name], "content": name, "special": True, **flags}
            for name in (SPECIAL[:5] if added is None else added)
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
            **(normalizer or {}),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": _processor("[CLS]", "[SEP]"),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": IDS,
            **(model or {}),
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(content))


def _check(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ours = tamis.Tokenizer.load(folder)
    for pair in PAIRS:
        expected, found = theirs(*pair), ours.encode_pair(*pair)
        assert found["ids"].tolist() == expected["input_ids"]
        types = expected.get("token_type_ids") or [0] * len(expected["input_ids"])
        assert found["type_ids"].tolist() == types


@pytest.mark.parametrize(
    "config",
    [BERT, GENERAL, MPNET, {}, {"tokenizer_class": "ConvBertTokenizer"}],
    ids=lambda config: config.get("tokenizer_class", "none"),
)
@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"max_input_chars_per_word": 30}},
        {"model": {"max_input_chars_per_word": 200}},
        {"model": {"unk_token": "<unk>"}},
        {"model": {"continuing_subword_prefix": "++"}},
        {"normalizer": {"lowercase": False}},
        {"normalizer": {"strip_accents": False}},
        {"normalizer": {"handle_chinese_chars": False}},
        {"normalizer": {"clean_text": False}},
        {"added": []},
        {"config": {"unk_token": "<unk>"}},
        {"config": {"max_input_chars_per_word": 30}},
        {"config": {"do_lower_case": False}},
        {"config": {"strip_accents": False, "tokenize_chinese_chars": False}},
        {"config": {"mask_token": None, "pad_token": None}, "added": []},
        {"config": {"mask_token": "<mask>", "pad_token": "<pad>", "bos_token": "b"}},
    ],
    ids=str,
)
def test_a_tokenizer_json(tmp_path: Path, config: dict[str, Any], changes: dict[str, Any]) -> None:
    over = changes.get("config", {})
    _write(tmp_path, **{**changes, "config": {**config, **over}})
    _check(tmp_path)


@pytest.mark.parametrize("config", [BERT, MPNET, {}], ids=str)
@pytest.mark.parametrize(
    "over",
    [
        {},
        {"mask_token": None},
        {"pad_token": None},
        {"unk_token": "<unk>"},
        {"do_lower_case": False, "strip_accents": True},
        {"max_input_chars_per_word": 30},
    ],
    ids=str,
)
def test_a_bare_vocabulary(tmp_path: Path, config: dict[str, Any], over: dict[str, Any]) -> None:
    write_config(tmp_path, "bert", {**config, **over})
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    _check(tmp_path)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("key", ["cls_token", "sep_token", "unk_token"])
def test_a_token_that_cannot_be_null(tmp_path: Path, key: str, as_json: bool) -> None:
    if as_json:
        _write(tmp_path, {**BERT, key: None})
    else:
        write_config(tmp_path, "bert", {**BERT, key: None})
        (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    with pytest.raises(tamis.TokenizerError, match=rf"tokenizer_config\.json: {key} is null"):
        tamis.Tokenizer.load(tmp_path)


def test_a_token_that_is_none(tmp_path: Path) -> None:
    _write(tmp_path, {**BERT, "unk_token": 3})
    with pytest.raises(tamis.TokenizerError, match=r"config\.json: field 'unk_token' is 3"):
        tamis.Tokenizer.load(tmp_path)
    _write(tmp_path, {**BERT, "unk_token": "<nowhere>"})
    with pytest.raises(tamis.TokenizerError, match=r"has no '<nowhere>' \(unk_token\)"):
        tamis.Tokenizer.load(tmp_path)
