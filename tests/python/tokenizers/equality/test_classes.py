"""The class that a folder names: its type ids, and the files that it cannot be read with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sentences import train_sentencepiece
from tokenizer_kinds import write_config

import tamis

VOCABULARY = Path(tamis.__file__).parent / "models" / "default" / "vocab.txt"
PAIR = ("The quick brown fox", "jumps over caf\u00e9s [MASK] in Z\u00fcrich")


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer.json of BERT's."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("wordpiece")
    theirs = transformers.BertTokenizer(vocab=str(VOCABULARY))
    theirs.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def albert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spiece.model with ALBERT's special tokens."""
    folder = tmp_path_factory.mktemp("albert")
    train_sentencepiece(
        folder / "spiece",
        vocab_size=500,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"],
    )
    return folder


def _folder(source: Path, target: Path, model_type: str, config: dict[str, Any]) -> Path:
    shutil.copytree(source, target)
    write_config(target, model_type, config)
    return target


def _check(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)(*PAIR)
    ours = tamis.Tokenizer.load(folder).encode_pair(*PAIR)
    assert ours["ids"].tolist() == theirs["input_ids"]
    # A model that is handed none takes them for zeros.
    types = theirs.get("token_type_ids") or [0] * len(theirs["input_ids"])
    assert ours["type_ids"].tolist() == types


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"tokenizer_class": ""},
        {"tokenizer_class": None},
        {"tokenizer_class": "BertTokenizerFast"},
        {"tokenizer_class": "ElectraTokenizer"},
        {"tokenizer_class": "DistilBertTokenizer"},
        {"tokenizer_class": "SomebodysTokenizer"},
        {"tokenizer_class": "SomebodysTokenizer", "model_input_names": ["token_type_ids"]},
        {"tokenizer_class": "PreTrainedTokenizerFast"},
        {"tokenizer_class": "PythonBackend"},
    ],
    ids=str,
)
@pytest.mark.parametrize("model_type", ["bert", "distilbert"])
def test_type_ids_of_a_class(
    wordpiece: Path, tmp_path: Path, config: dict[str, Any], model_type: str
) -> None:
    _check(_folder(wordpiece, tmp_path / "m", model_type, config))


@pytest.mark.parametrize("as_json", [False, True])
def test_albert_has_no_type_ids(albert: Path, tmp_path: Path, as_json: bool) -> None:
    transformers = pytest.importorskip("transformers")
    folder = _folder(albert, tmp_path / "m", "albert", {"tokenizer_class": "AlbertTokenizer"})
    if as_json:
        theirs = transformers.AutoTokenizer.from_pretrained(folder).backend_tokenizer
        theirs.save(str(folder / "tokenizer.json"))
    _check(folder)


@pytest.mark.parametrize(
    ("name", "reads"),
    [("RobertaTokenizer", "BPE"), ("GPT2TokenizerFast", "BPE"), ("XLMRobertaTokenizer", "Unigram")],
)
def test_a_class_of_another_kind(wordpiece: Path, tmp_path: Path, name: str, reads: str) -> None:
    folder = _folder(wordpiece, tmp_path / "m", "bert", {"tokenizer_class": name})
    plain = name.removesuffix("Fast")
    with pytest.raises(tamis.TokenizerError, match=f"WordPiece, and {plain}, .* reads {reads}"):
        tamis.Tokenizer.load(folder)
    write_config(folder, "bert", {"tokenizer_class": "PreTrainedTokenizerFast"})
    _check(folder)


def test_a_model_type_of_another_kind(wordpiece: Path, tmp_path: Path) -> None:
    folder = _folder(wordpiece, tmp_path / "m", "roberta", {})
    with pytest.raises(tamis.TokenizerError, match=r"the model_type of config\.json names"):
        tamis.Tokenizer.load(folder)


def test_a_vocabulary_of_an_unknown_class(tmp_path: Path) -> None:
    write_config(tmp_path, "roberta", {})
    shutil.copy(VOCABULARY, tmp_path)
    with pytest.raises(tamis.TokenizerError, match="is for RobertaTokenizer"):
        tamis.Tokenizer.load(tmp_path)
