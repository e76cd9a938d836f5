"""bge-reranker-v2-m3's own shape: 24 layers, 1024 wide, 250,002 tokens, with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tamis.export import export_model
from tamis.export.parity import encode_pairs, source_logits

from .conftest import spread, write_tokenizer
from .scorer_abi import needs_torch_module, score


@pytest.mark.slow
@needs_torch_module
def test_xlm_roberta_large(tmp_path: Path) -> None:
    from tamis._torch_loader import load_torchscript

    torch.manual_seed(3)
    config = transformers.XLMRobertaConfig(
        vocab_size=250_002,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=8194,
        type_vocab_size=1,
        pad_token_id=1,
        layer_norm_eps=1e-5,
        num_labels=1,
    )
    source = tmp_path / "source"
    # Real models widen less than small ones need: 24 layers multiply what each adds.
    model = spread(transformers.XLMRobertaForSequenceClassification(config), widen=1.5)
    write_tokenizer(source, segments=False)
    pairs = encode_pairs(transformers.AutoTokenizer.from_pretrained(source), 128)[:6]
    # Once more, on these pairs: their logits need not spread as random ids' do.
    with torch.no_grad():
        model.classifier.out_proj.weight.mul_(2.5 / float(source_logits(model, pairs).std()))
    model.save_pretrained(source)
    expected = source_logits(model, pairs).numpy()
    assert expected.std() > 1.0
    del model

    report = export_model(source, tmp_path / "bundle")
    assert report.convention == "packed"
    scorer = load_torchscript(str(tmp_path / "bundle"))
    np.testing.assert_allclose(score(scorer, [pairs]), expected, rtol=0, atol=1e-4)
