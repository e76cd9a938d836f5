"""Kinds of tokenizer whose models the tests make themselves, because no vocabulary is at hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sentences import SENTENCES, train_sentencepiece
from tokenizer_kinds import DATA, FILES, Both, read_both, write_config

tokenizers = pytest.importorskip("tokenizers")
AddedToken = tokenizers.AddedToken

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
# These need no files from elsewhere.
ALONE_KINDS = ("roberta", "byte_level", "bpe_bytes", "unigram_bytes")
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2, LLAMA3 = _SPLIT % "", _SPLIT % "{1,3}"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
# Matched in the normalised text, but for the last.
ADDED = [
    AddedToken("covid", normalized=True),
    AddedToken("\u00c9lan Vital", normalized=True),
    AddedToken("na\u00efve", normalized=True, single_word=True),
    AddedToken("[E1]", normalized=True, lstrip=True, rstrip=True),
    AddedToken("\u6771\u4eac", normalized=True),
    AddedToken("[Q]", special=True, normalized=False, rstrip=True),
]


def _texts() -> list[str]:
    """The sentences and, where they are at hand, the first texts of real collections."""
    texts = SENTENCES * 5
    for path in sorted(DATA.rglob("corpus.jsonl*")):
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as stream:
            texts += [json.loads(line)["text"] for _, line in zip(range(150), stream, strict=False)]
    return texts


def _template() -> Any:
    return tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B:1 </s>:1",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )


def _roberta(folder: Path) -> Both:
    """vocab.json and merges.txt, as RoBERTa's older folders have them."""
    model = tokenizers.ByteLevelBPETokenizer()
    model.train_from_iterator(_texts(), vocab_size=4000, special_tokens=SPECIAL)
    config = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512}
    write_config(folder, "roberta", config)
    model.save_model(str(folder))
    mask = {"content": "<mask>", "single_word": False, "lstrip": True, "rstrip": False}
    special = {"mask_token": {**mask, "normalized": True}, "bos_token": "<s>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    return read_both("roberta", folder, auto=True)


def _save(name: str, folder: Path, tokenizer: Any) -> Both:
    tokenizer.add_tokens(ADDED)
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return read_both(name, folder, auto=False)


def _train_bytes(normalizer: Any, words: Any) -> Any:
    """Byte-level BPE over `words`."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = words
    tokenizer.post_processor = _template()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=SPECIAL,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _byte_level(folder: Path) -> Both:
    """tokenizer.json with lower case, a space before the text, and tokens in normalised text."""
    words = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer = _train_bytes(tokenizers.normalizers.Lowercase(), words)
    return _save("byte_level", folder, tokenizer)


def _modernbert(folder: Path) -> Both:
    """Composed text; runs of spaces are words of the vocabulary's own."""
    words = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = _train_bytes(tokenizers.normalizers.NFC(), words)
    tokenizer.add_tokens([AddedToken(" " * count, normalized=True) for count in (8, 4, 2)])
    return _save("modernbert", folder, tokenizer)


def _split(name: str, pattern: str, normalizer: Any) -> Callable[[Path], Both]:
    def make(folder: Path) -> Both:
        steps = tokenizers.pre_tokenizers
        words = steps.Sequence(
            [
                steps.Split(tokenizers.Regex(pattern), behavior="isolated"),
                steps.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        return _save(name, folder, _train_bytes(normalizer, words))

    return make


def _compatible(folder: Path) -> Both:
    """Text composed after compatible decomposition, as T5's relatives have it without a map."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram())
    tokenizer.normalizer = tokenizers.normalizers.NFKC()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=800, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 5, trainer)
    tokenizer.post_processor = _template()
    return _save("compatible", folder, tokenizer)


def _deberta(folder: Path) -> Both:
    """spm.model, as DeBERTa 3's folders have it."""
    names = {"pad": "[PAD]", "bos": "[CLS]", "eos": "[SEP]", "unk": "[UNK]"}
    options = {f"{key}_piece": piece for key, piece in names.items()}
    options |= {f"{key}_id": number for number, key in enumerate(names)}
    write_config(folder, "deberta-v2", {"tokenizer_class": "DebertaV2Tokenizer"})
    train_sentencepiece(folder / "spm", vocab_size=500, character_coverage=0.98, **options)
    return read_both("deberta", folder, auto=True)


def _bpe_bytes(folder: Path) -> Both:
    """BPE over U+2581 that falls back on bytes, one of which the vocabulary has not."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=1500,
        special_tokens=[*SPECIAL, *BYTES[:0xA9], *BYTES[0xAA:]],
        limit_alphabet=200,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    state = json.loads(tokenizer.to_str())
    state["model"]["byte_fallback"] = True
    state["added_tokens"] = state["added_tokens"][: len(SPECIAL)]
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = _template()
    return _save("bpe_bytes", folder, tokenizer)


def _unigram_bytes(folder: Path) -> Both:
    """Unigram that falls back on bytes, over text without accents and capitals."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram())
    steps = tokenizers.normalizers
    tokenizer.normalizer = steps.Sequence([steps.NFKD(), steps.StripAccents(), steps.Lowercase()])
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(
        vocab_size=800, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 5, trainer)
    state = json.loads(tokenizer.to_str())
    kept = [entry for entry in state["model"]["vocab"] if ord(entry[0][0]) < 0x2600]
    state["model"]["vocab"] = kept + [[piece, -20.0] for piece in BYTES]
    state["model"]["byte_fallback"] = True
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = _template()
    return _save("unigram_bytes", folder, tokenizer)


def _bert_added(folder: Path) -> Both:
    """BERT uncased with a few words more, as add_tokens makes them."""
    source = FILES / "bert_uncased_minilm" / "tokenizer.json"
    if not source.is_file():
        pytest.skip(f"{source} is not there (TAMIS_SHARED_DATA names the folder above it)")
    return _save("bert_added", folder, tokenizers.Tokenizer.from_file(str(source)))


def trained_kinds() -> Iterator[tuple[str, Callable[[Path], Both]]]:
    """Each name with what makes both tokenizers in a folder."""
    yield "roberta", _roberta
    yield "byte_level", _byte_level
    yield "modernbert", _modernbert
    yield "qwen2", _split("qwen2", QWEN2, tokenizers.normalizers.NFC())
    yield "llama3", _split("llama3", LLAMA3, None)
    yield "compatible", _compatible
    yield "deberta", _deberta
    yield "bpe_bytes", _bpe_bytes
    yield "unigram_bytes", _unigram_bytes
    yield "bert_added", _bert_added
