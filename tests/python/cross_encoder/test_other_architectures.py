"""Architectures that torch runs, each with the kind of tokenizer that it is published with."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tamis._torch") is None, reason="this tamis was built without torch"
)

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
SMALL = {
    "vocab_size": 400,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "num_labels": 1,
}
PAIRS = [
    ("who signed the treaty?", "It was signed in 1648,\n\nby two  envoys of the crown."),
    ("Où est passé l'été ?", "Il a plu a\u0300 Besancon\u0327, c\u2019est sûr. " * 6),
    ("a", "b"),
]


def _byte_level(folder: Path, split: str | None) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    steps = tokenizers.pre_tokenizers
    words = steps.ByteLevel(add_prefix_space=False, use_regex=split is None)
    if split is not None:
        words = steps.Sequence([steps.Split(tokenizers.Regex(split), behavior="isolated"), words])
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.normalizer = tokenizers.normalizers.NFC()
    tokenizer.pre_tokenizer = words
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=steps.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for pair in PAIRS for text in pair] * 4, trainer)
    if split is None:
        tokenizer.post_processor = tokenizers.processors.BertProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 128,
        "pad_token": "<pad>",
        "model_input_names": ["input_ids", "attention_mask"],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _qwen(folder: Path) -> None:
    module = pytest.importorskip("transformers.models.qwen2.tokenization_qwen2")
    _byte_level(folder, module.PRETOKENIZE_REGEX)


def _deberta(folder: Path) -> None:
    trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
    text = folder / "texts"
    text.write_text("\n".join([t.replace("\n", " ") for pair in PAIRS for t in pair] * 20))
    names = {"pad": "[PAD]", "bos": "[CLS]", "eos": "[SEP]", "unk": "[UNK]"}
    trainer.train(
        input=str(text),
        model_prefix=str(folder / "spm"),
        vocab_size=300,
        hard_vocab_limit=False,
        minloglevel=2,
        **{f"{key}_id": number for number, key in enumerate(names)},
        **{f"{key}_piece": piece for key, piece in names.items()},
    )
    config = {"tokenizer_class": "DebertaV2Tokenizer", "model_max_length": 128}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


KINDS: dict[str, tuple[dict[str, Any], Callable[[Path], None]]] = {
    "ModernBert": (
        {"cls_token_id": 0, "sep_token_id": 2, "pad_token_id": 1},
        lambda folder: _byte_level(folder, None),
    ),
    "Qwen3": (
        {"num_key_value_heads": 2, "head_dim": 12, "pad_token_id": 1},
        _qwen,
    ),
    "DebertaV2": (
        {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 2},
        _deberta,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_the_originals(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    peer = pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path / "cache"))
    config, write_tokenizer = KINDS[kind]
    folder = tmp_path / "model"
    folder.mkdir()
    torch.manual_seed(3)
    model = getattr(transformers, kind + "ForSequenceClassification")(
        getattr(transformers, kind + "Config")(**SMALL, **config)
    )
    with torch.no_grad():  # a fresh model's logits all lie near 0
        for weight in model.parameters():
            weight.mul_(5 if weight.dim() > 1 else 1)
        (model.score if kind == "Qwen3" else model.classifier).weight.mul_(20)
    model.save_pretrained(folder)
    write_tokenizer(folder)

    expected = peer.CrossEncoder(str(folder), device="cpu").predict(
        PAIRS, activation_fn=torch.nn.Identity()
    )
    ours = tamis.CrossEncoder(str(folder))
    assert "torchscript" in repr(ours)
    found = ours.predict(PAIRS, activation_fn=torch.nn.Identity())
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
