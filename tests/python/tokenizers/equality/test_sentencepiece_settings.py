"""The same for classes over sentencepiece models and byte-level BPE: what of the files counts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentences import SENTENCES, train_sentencepiece
from tokenizer_kinds import write_config

import tamis

TEXTS = [
    ("Hello <mask> world", "a <pad> b"),
    ("ZZZ \u6f22\u5b57 \u00e9", "<s> x </s> <unk>"),
    ("  two  spaces", "[CLS] q [SEP] [MASK] <image> w"),
]
CLASSES = {
    "xlm-roberta": "XLMRobertaTokenizer",
    "camembert": "CamembertTokenizer",
    "albert": "AlbertTokenizer",
    "t5": "T5Tokenizer",
    "deberta-v2": "DebertaV2Tokenizer",
    "mbart": "MBartTokenizer",
    "roberta": "RobertaTokenizer",
    "gpt2": "GPT2Tokenizer",
}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]
OF_ALBERT = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
OF_DEBERTA = {
    **{"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3},
    **{"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
}
OF_T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}


def _train(folder: Path, model_type: str) -> None:
    if model_type in ("roberta", "gpt2"):
        tokenizers = pytest.importorskip("tokenizers")
        model = tokenizers.ByteLevelBPETokenizer()
        model.train_from_iterator(SENTENCES * 5, vocab_size=600, special_tokens=SPECIAL)
        model.save_model(str(folder))
    elif model_type == "albert":
        symbols = ["[CLS]", "[SEP]", "[MASK]"]
        options = {**OF_ALBERT, "user_defined_symbols": symbols}
        train_sentencepiece(folder / "spiece", vocab_size=500, **options)
    elif model_type == "t5":
        train_sentencepiece(folder / "spiece", vocab_size=500, **OF_T5)
    elif model_type == "deberta-v2":
        train_sentencepiece(folder / "spm", vocab_size=500, **OF_DEBERTA)
    else:
        train_sentencepiece(folder / "sentencepiece.bpe", vocab_size=500)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Path]:
    """A model's files, as they were first or as a tokenizer.json; made once."""
    transformers = pytest.importorskip("transformers")
    root = tmp_path_factory.mktemp("settings")

    def get(model_type: str, as_json: bool) -> Path:
        bare, full = root / model_type, root / f"{model_type}.json"
        if not bare.exists():
            write_config(bare, model_type, {"tokenizer_class": CLASSES[model_type]})
            _train(bare, model_type)
            shutil.copytree(bare, full)
            theirs = transformers.AutoTokenizer.from_pretrained(bare).backend_tokenizer
            theirs.save(str(full / "tokenizer.json"))
        return full if as_json else bare

    return get


def _check(folder: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ours = tamis.Tokenizer.load(folder)
    for pair in TEXTS:
        assert ours.encode_pair(*pair)["ids"].tolist() == theirs(*pair)["input_ids"]


def _change(folder: Path, name: str, **changes: Any) -> None:
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("model_type", CLASSES)
@pytest.mark.parametrize(
    "config",
    [
        {"unk_token": "<pad>"},
        {"mask_token": None, "pad_token": None},
        {"mask_token": "a"},
        {"add_prefix_space": False},
        {"keep_accents": True, "do_lower_case": False},
        {"image_token": "<image>"},
        {"tokenizer_class": "PreTrainedTokenizerFast", "cls_token": "a"},
    ],
    ids=str,
)
def test_the_configuration_beside_a_tokenizer_json(
    folder_of: Callable[[str, bool], Path], tmp_path: Path, model_type: str, config: dict[str, Any]
) -> None:
    folder = shutil.copytree(folder_of(model_type, True), tmp_path / "m")
    _change(folder, "tokenizer_config.json", **config)
    _check(folder)


@pytest.mark.parametrize("model_type", CLASSES)
@pytest.mark.parametrize(
    "change",
    [
        {"added_tokens": []},
        {"post_processor": None},
        {"normalizer": {"type": "Lowercase"}},
        {"model": {"unk_id": 0}},
        {"model": {"unk_id": 5, "byte_fallback": True}},
    ],
    ids=str,
)
def test_a_tokenizer_json_beside_its_class(
    folder_of: Callable[[str, bool], Path], tmp_path: Path, model_type: str, change: dict[str, Any]
) -> None:
    folder = shutil.copytree(folder_of(model_type, True), tmp_path / "m")
    if "model" in change:
        if model_type in ("roberta", "gpt2"):
            pytest.skip("BPE has no unk_id")
        model = json.loads((folder / "tokenizer.json").read_text())["model"]
        change = {"model": {**model, **change["model"]}}
    _change(folder, "tokenizer.json", **change)
    _check(folder)


@pytest.mark.parametrize("model_type", list(CLASSES)[:6])
@pytest.mark.parametrize("prefix", [True, False])
def test_a_space_before_the_text(
    folder_of: Callable[[str, bool], Path], tmp_path: Path, model_type: str, prefix: bool
) -> None:
    folder = shutil.copytree(folder_of(model_type, False), tmp_path / "m")
    _change(folder, "tokenizer_config.json", add_prefix_space=prefix)
    _check(folder)


@pytest.mark.parametrize(
    ("model_type", "key", "value"),
    [
        ("xlm-roberta", "unk_token", "<pad>"),
        ("xlm-roberta", "mask_token", None),
        ("camembert", "pad_token", "[PAD]"),
        ("mbart", "bos_token", None),
        ("albert", "unk_token", "<pad>"),
        ("t5", "unk_token", "<pad>"),
        ("deberta-v2", "unk_token", "[PAD]"),
    ],
)
def test_renamed_over_a_sentencepiece_model(
    folder_of: Callable[[str, bool], Path], tmp_path: Path, model_type: str, key: str, value: Any
) -> None:
    folder = shutil.copytree(folder_of(model_type, False), tmp_path / "m")
    _change(folder, "tokenizer_config.json", **{key: value})
    with pytest.raises(tamis.TokenizerError, match=rf"tokenizer_config\.json: {key} is another"):
        tamis.Tokenizer.load(folder)


@pytest.mark.parametrize(
    ("model_type", "key"),
    [
        ("xlm-roberta", "bos_token"),
        ("roberta", "sep_token"),
        ("albert", "cls_token"),
        ("deberta-v2", "sep_token"),
    ],
)
def test_a_token_that_cannot_be_null(
    folder_of: Callable[[str, bool], Path], tmp_path: Path, model_type: str, key: str
) -> None:
    folder = shutil.copytree(folder_of(model_type, True), tmp_path / "m")
    _change(folder, "tokenizer_config.json", **{key: None})
    with pytest.raises(tamis.TokenizerError, match=rf"tokenizer_config\.json: {key} is null"):
        tamis.Tokenizer.load(folder)
