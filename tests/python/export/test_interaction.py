"""`tamis_interaction` folders: our own architecture, with int8 weights and recorded logits."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

import tamis
from tamis.export import ExportError, export_model
from tamis.export.families import build_program

from .conftest import SMALL, WORDS
from .scorer_abi import needs_torch_module, score

CONFIG: dict[str, Any] = SMALL | {
    "model_type": "tamis_interaction",
    "architectures": ["TamisInteractionForReranking"],
    "type_vocab_size": 2,
    "closed_layers": 1,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "score_space": "logit",
    "pair_template": "cls_sep_cls_sep",
    "restart_positions": True,
    "quantization": {"weights": "int8"},
}


def random_state(config: dict[str, Any]) -> dict[str, Tensor]:
    torch.manual_seed(4)
    state = build_program(config, 1).state_dict()
    for name, tensor in state.items():
        if tensor.dim() == 2 and not name.startswith("interaction."):
            tensor.mul_(4.0)
    state["interaction.attention_bias"].normal_(-1.0, 1.0)
    state["interaction.attention_bias"][: config["closed_layers"]] = float("-inf")
    state["interaction.mix"].copy_(torch.tensor([9.0, 6.0]))
    state["interaction.token_weight.weight"].normal_(0.0, 0.5)
    return state


def plain_logit(
    config: dict[str, Any], state: dict[str, Tensor], q: list[int], d: list[int]
) -> float:
    """The definition, written without packing: one pair, dense attention over both segments."""
    heads, first = config["num_attention_heads"], len(q)
    ids = torch.tensor(q + d)
    side = (torch.arange(len(ids)) >= first).long()
    places = torch.arange(len(ids)) - side * first

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, state[name + ".weight"], state[name + ".bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], state[name + ".weight"], state[name + ".bias"], 1e-12)

    x = state["embeddings.word_embeddings.weight"][ids]
    x = x + state["embeddings.position_embeddings.weight"][places]
    x = norm("embeddings.LayerNorm", x + state["embeddings.token_type_embeddings.weight"][side])
    differs = side[:, None] != side[None, :]
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        q_, k_, v_ = (
            linear(f"{at}attention.self.{part}", x).view(len(ids), heads, -1).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        logits = q_ @ k_.transpose(1, 2) / q_.shape[-1] ** 0.5
        bias = state["interaction.attention_bias"][i][:, None, None]
        if config.get("attention_bias_by_length"):
            share = torch.tensor([first / len(d), len(d) / first]).log()
            bias = bias + share[side][:, None]
        logits = torch.where(differs, logits + bias, logits)
        mixed = (logits.softmax(-1) @ v_).transpose(0, 1).reshape(len(ids), -1)
        x = norm(
            f"{at}attention.output.LayerNorm", x + linear(f"{at}attention.output.dense", mixed)
        )
        inner = F.gelu(linear(f"{at}intermediate.dense", x))
        x = norm(f"{at}output.LayerNorm", x + linear(f"{at}output.dense", inner))
    query, document = x[:first], x[first:]
    cosine = F.cosine_similarity(query.mean(0), document.mean(0), dim=0)
    weight = torch.sigmoid(linear("interaction.token_weight", query).squeeze(-1))
    if not config.get("interaction_special_tokens", True):
        query, document, weight = query[1:-1], document[1:-1], weight[1:-1]
    best = (F.normalize(query, dim=-1) @ F.normalize(document, dim=-1).T).amax(-1)
    a, b = state["interaction.mix"]
    head = linear("interaction.head", x[0])
    return float(a * (weight * best).sum() / weight.sum() + b * cosine + head)


def write_source(folder: Path, config: dict[str, Any], quantised: bool) -> list[dict[str, Any]]:
    """A folder as the training recipe writes it; returns its reference pairs."""
    folder.mkdir()
    state, stored = random_state(config), {}
    for name, tensor in list(state.items()):
        if quantised and tensor.dim() == 2 and not name.startswith("interaction."):
            scale = tensor.abs().amax(1) / 127
            stored[name] = (tensor / scale[:, None]).round().to(torch.int8)
            stored[name + ".scale"] = scale
            state[name] = stored[name].float() * scale[:, None]
        else:
            stored[name] = tensor.clone()
    save_file(stored, str(folder / "model.safetensors"))
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "model_max_length": 128})
    )
    pairs = []
    for q, d in [
        ([2, 7, 3], [2, 8, 3]),
        ([2, 9, 10, 11, 3], [2, *range(20, 60), 3]),
        ([2, 5, 3], [2, 5, 9, 3]),
    ]:
        logit = plain_logit(config, state, q, d)
        types = [0] * len(q) + [1] * len(d)
        pairs.append({"input_ids": q + d, "token_type_ids": types, "logit": logit})
    (folder / "reference.json").write_text(json.dumps({"pairs": pairs}))
    return pairs


@needs_torch_module
@pytest.mark.parametrize("quantised", [True, False])
@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("by_length", [True, False])
def test_interaction_equals_its_definition(
    by_length: bool, special: bool, quantised: bool, tmp_path: Path
) -> None:
    from tamis._torch_loader import load_torchscript

    config = CONFIG | {
        "interaction_special_tokens": special,
        "attention_bias_by_length": by_length,
    }
    pairs = write_source(tmp_path / "source", config, quantised)
    report = export_model(tmp_path / "source", tmp_path / "bundle")
    assert (report.convention, report.activation, report.max_length) == ("packed", "identity", 130)
    found = score(load_torchscript(str(tmp_path / "bundle")), [pairs[:1], pairs[1:]])
    expected = [[pair["logit"]] for pair in pairs]
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    manifest = json.loads((tmp_path / "bundle" / "tamis.json").read_text())
    assert "quantization" not in manifest["config"]
    assert {entry["dtype"] for entry in manifest["tensors"].values()} == {"F32"}
    texts = [(" ".join(WORDS[5:9]), " ".join(WORDS[at : at + 3 * at])) for at in (6, 9, 20)]
    by_engine, by_program = (
        tamis.CrossEncoder(str(tmp_path / "bundle"), scorer=name, precision="fp32").predict(texts)
        for name in ("engine", "torchscript")
    )
    np.testing.assert_allclose(by_engine, by_program, rtol=0, atol=1e-4)


def test_interaction_needs_its_recorded_logits(tmp_path: Path) -> None:
    write_source(tmp_path / "source", CONFIG, True)
    recorded = json.loads((tmp_path / "source" / "reference.json").read_text())
    recorded["pairs"][1]["logit"] += 0.01
    (tmp_path / "source" / "reference.json").write_text(json.dumps(recorded))
    with pytest.raises(ExportError, match="differs from its source"):
        export_model(tmp_path / "source", tmp_path / "bundle")
    (tmp_path / "source" / "reference.json").unlink()
    with pytest.raises(ExportError, match=r"reference\.json is missing"):
        export_model(tmp_path / "source", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_the_embedded_model_exports(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("tamis")
    assert spec is not None
    folder = next(Path(p) / "models" / "default" for p in spec.submodule_search_locations or [])
    if not (folder / "model.safetensors").is_file():
        pytest.skip("no embedded model in this tree")
    shutil.copytree(folder, tmp_path / "source")
    report = export_model(tmp_path / "source", tmp_path / "bundle")
    assert report.parity["max_abs_logit_difference"] <= 1e-4
    with pytest.raises(tamis.InvalidArgument, match="maxsim_weight cannot be given"):
        tamis.LateInteraction(tmp_path / "bundle", maxsim_weight=2.0)
