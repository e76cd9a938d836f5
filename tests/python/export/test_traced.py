"""Architectures without a program of ours are traced; a user's own TorchScript file is wrapped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor, nn

from tamis.export import ExportError, export_model, export_torchscript, torchscript
from tamis.export.parity import encode_pairs, source_logits

from .conftest import SMALL, spread, write_tokenizer
from .scorer_abi import needs_torch_module, score

OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "mpnet": ("MPNet", SMALL | {"pad_token_id": 1}),
    "deberta-v2": (
        "DebertaV2",
        SMALL | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    ),
    "albert": ("Albert", SMALL | {"embedding_size": 32}),
    "modernbert": ("ModernBert", SMALL | {"cls_token_id": 2, "sep_token_id": 3}),
}


@needs_torch_module
@pytest.mark.parametrize("kind", OTHERS)
def test_other_architectures_are_traced(kind: str, tmp_path: Path) -> None:
    from tamis._torch_loader import load_torchscript

    name, config = OTHERS[kind]
    torch.manual_seed(5)
    settings = getattr(transformers, name + "Config")(**config, num_labels=1)
    model = spread(getattr(transformers, name + "ForSequenceClassification")(settings))
    source = tmp_path / "source"
    model.save_pretrained(source)
    write_tokenizer(source, segments=kind in ("deberta-v2", "albert"))
    pairs = encode_pairs(transformers.AutoTokenizer.from_pretrained(source), 128)
    expected = source_logits(model, pairs).numpy()

    report = export_model(source, tmp_path / "bundle")
    assert report.convention == "padded"
    assert report.why_padded == f"no packed program for model type '{kind}'"
    found = score(load_torchscript(str(tmp_path / "bundle")), [pairs[:3], pairs[3:]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    with pytest.raises(ExportError, match="cannot be exported packed"):
        export_model(source, tmp_path / "packed", convention="packed")


class Bag(nn.Module):
    """A user's model: the masked mean of word vectors, projected."""

    def __init__(self, heedless: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(160, 4)
        self.out = nn.Linear(4, 2)
        self.heedless = heedless

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        mask = attention_mask.unsqueeze(-1).float()
        if self.heedless:
            mask = torch.ones_like(mask)
        return self.out((self.words(input_ids) * mask).sum(1) / mask.sum(1))


def save(module: nn.Module, path: Path) -> Path:
    torchscript.save(torchscript.script(module.eval()), path)
    return path


@needs_torch_module
def test_a_users_own_program(tmp_path: Path) -> None:
    from tamis._torch_loader import load_torchscript

    torch.manual_seed(1)
    module = Bag()
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(module, tmp_path / "mine.pt")
    report = export_torchscript(program, folder, tmp_path / "bundle")
    assert (report.labels, report.activation, report.max_length) == (2, "identity", 128)
    manifest = json.loads((tmp_path / "bundle" / "tamis.json").read_text())
    assert manifest["architecture"] == "torchscript"
    assert manifest["inputs"] == ["input_ids", "attention_mask"]

    pairs = encode_pairs(transformers.AutoTokenizer.from_pretrained(folder), 128)
    found = score(load_torchscript(str(tmp_path / "bundle")), [pairs])
    with torch.inference_mode():
        alone = [
            module(torch.tensor([p["input_ids"]]), torch.tensor([p["attention_mask"]]))
            for p in pairs
        ]
    np.testing.assert_allclose(found, torch.cat(alone).numpy(), rtol=0, atol=1e-5)


def test_a_program_that_padding_moves_is_refused(tmp_path: Path) -> None:
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(Bag(heedless=True), tmp_path / "mine.pt")
    with pytest.raises(ExportError, match="alone, and padded in a batch"):
        export_torchscript(program, folder, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_inputs_of_a_program_are_checked(tmp_path: Path) -> None:
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(Bag(), tmp_path / "mine.pt")
    with pytest.raises(ValueError, match="expected input_ids"):
        export_torchscript(program, folder, tmp_path / "bundle", inputs=["ids"])
    with pytest.raises(ExportError, match="does not run on"):
        export_torchscript(program, folder, tmp_path / "bundle", inputs=["input_ids"])
    with pytest.raises(ExportError, match="is no file"):
        export_torchscript(tmp_path / "absent.pt", folder, tmp_path / "bundle")


class Certain(nn.Module):
    """Gives probabilities: its sigmoid is its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = Bag()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return torch.sigmoid(self.bag(input_ids, attention_mask)[:, :1])


def test_a_programs_score_space_is_stated(tmp_path: Path) -> None:
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(Certain(), tmp_path / "mine.pt")
    stated = {"activation": "identity", "score_space": "probability"}
    export_torchscript(program, folder, tmp_path / "bundle", **stated)
    manifest = json.loads((tmp_path / "bundle" / "tamis.json").read_text())
    assert manifest.items() >= stated.items()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "activation must be one of 'identity'"),
        ({"score_space": "banana"}, "score_space 'banana'; use"),
        ({"activation": "sigmoid", "score_space": "logit"}, "beside the activation 'sigmoid'"),
    ],
    ids=str,
)
def test_what_a_manifest_cannot_say(tmp_path: Path, options: dict[str, str], message: str) -> None:
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(Certain(), tmp_path / "mine.pt")
    with pytest.raises(ValueError, match=message):
        export_torchscript(program, folder, tmp_path / "bundle", **options)
    assert not (tmp_path / "bundle").exists()


def test_one_input_may_be_a_name(tmp_path: Path) -> None:
    write_tokenizer(folder := tmp_path / "tokenizer")
    program = save(Bag(), tmp_path / "mine.pt")
    with pytest.raises(ExportError, match=r"does not run on \['input_ids'\]"):
        export_torchscript(program, folder, tmp_path / "bundle", inputs="input_ids")


def test_hashes_need_no_new_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    from tamis.export.manifest import sha256

    monkeypatch.delattr(hashlib, "file_digest", raising=False)  # of 3.11; 3.10 is supported
    (tmp_path / "x").write_bytes(b"x" * 3_000_000)
    assert sha256(tmp_path / "x") == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_a_file_that_is_no_program(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    (tmp_path / "junk.pt").write_bytes(b"not a zip")
    with pytest.raises(ExportError, match="is no TorchScript file"):
        export_torchscript(tmp_path / "junk.pt", make_model("bert"), tmp_path / "bundle")
