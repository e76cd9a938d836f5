"""Words and special tokens that folders name outside of the vocabulary and tokenizer.json."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentences import SENTENCES, train_sentencepiece
from tokenizer_kinds import XLMR_CONFIG, write_config

import tamis

VOCABULARY = Path(tamis.__file__).parent / "models" / "default" / "vocab.txt"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
TEXTS = [
    "A <foo>word <FOO> and <foo> <bar>.",
    "newword NEWWORD renewwords new word",
    "plain text",
    "<mask> [MASK] <bar><foo>",
]


def _bert(folder: Path) -> None:
    write_config(folder, "bert", {"tokenizer_class": "BertTokenizer"})
    shutil.copy(VOCABULARY, folder)


def _bert_json(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_config(folder, "bert", {"tokenizer_class": "BertTokenizer"})
    theirs = transformers.BertTokenizer(vocab=str(VOCABULARY))
    theirs.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _roberta(folder: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    write_config(folder, "roberta", {"tokenizer_class": "RobertaTokenizer"})
    model = tokenizers.ByteLevelBPETokenizer()
    model.train_from_iterator(SENTENCES * 5, vocab_size=600, special_tokens=SPECIAL)
    model.save_model(str(folder))


def _xlmr(folder: Path) -> None:
    write_config(folder, "xlm-roberta", XLMR_CONFIG)
    train_sentencepiece(folder / "sentencepiece.bpe", vocab_size=500)


def _add(folder: Path, name: str, content: dict[str, Any]) -> None:
    path = folder / name
    there = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**there, **content}))


FLAGS = {
    "__type": "AddedToken",
    "content": "<bar>",
    "lstrip": True,
    "rstrip": False,
    "single_word": False,
}
EXTRA: list[Any] = ["<foo>", {**FLAGS, "normalized": False}]


def _words(folder: Path) -> None:
    """As add_tokens was saved: ids follow the vocabulary's."""
    transformers = pytest.importorskip("transformers")
    first = len(transformers.AutoTokenizer.from_pretrained(folder))
    _add(folder, "added_tokens.json", {"<foo>": first, "newword": first + 1})


def _both(folder: Path) -> None:
    _words(folder)
    _add(folder, "special_tokens_map.json", {"additional_special_tokens": ["<foo>"]})


@pytest.mark.parametrize("kind", [_bert, _bert_json, _roberta, _xlmr])
@pytest.mark.parametrize(
    "change",
    [
        _words,
        _both,
        lambda m: _add(m, "special_tokens_map.json", {"additional_special_tokens": ["<foo>"]}),
        lambda m: _add(m, "tokenizer_config.json", {"additional_special_tokens": EXTRA[:1]}),
        lambda m: _add(m, "tokenizer_config.json", {"extra_special_tokens": EXTRA[:1]}),
        lambda m: _add(m, "tokenizer_config.json", {"extra_special_tokens": {"foo": "<foo>"}}),
        lambda m: _add(m, "tokenizer_config.json", {"extra_special_tokens": EXTRA}),
    ],
    ids=["words", "both", "map", "additional", "extra", "named", "flags"],
)
def test_tokens_outside_of_the_vocabulary(
    tmp_path: Path, kind: Callable[[Path], None], change: Callable[[Path], None]
) -> None:
    transformers = pytest.importorskip("transformers")
    kind(tmp_path)
    change(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    expected = theirs(TEXTS, add_special_tokens=False)["input_ids"]
    found = [ids.tolist() for ids in tamis.Tokenizer.load(tmp_path).encode_batch(TEXTS)]
    assert found == expected


def test_a_token_with_an_id_that_cannot_be(tmp_path: Path) -> None:
    _bert(tmp_path)
    for wrong in (-1, "1", 1.5, None, 10**12):
        (tmp_path / "added_tokens.json").write_text(json.dumps({"<foo>": wrong}))
        with pytest.raises(tamis.TokenizerError, match=r"added_tokens\.json: '<foo>' has id "):
            tamis.Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("written", "content"), [(100, "hamlet"), (8429, "hamlet"), (30600, "hamlet"), (30522, "[new]")]
)
def test_ids_of_added_tokens_are_those_of_the_original(
    written: int, content: str, tmp_path: Path
) -> None:
    """The vocabulary decides on a word that it has."""
    tokenizers = pytest.importorskip("tokenizers")
    _bert_json(tmp_path)
    path = tmp_path / "tokenizer.json"
    read = json.loads(path.read_text())
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "special"), False)
    read["added_tokens"].append({"id": written, "content": content, "normalized": True, **flags})
    path.write_text(json.dumps(read))
    theirs = tokenizers.Tokenizer.from_file(str(path))
    ours = tamis.Tokenizer.load(tmp_path)
    for text in ("who is hamlet", "a [new] b hamlet"):
        expected = theirs.encode(text, add_special_tokens=False).ids
        assert list(ours.tokenize(text)[0]) == expected
