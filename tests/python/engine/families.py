"""Random checkpoints of every family that the engine reads, with heads that spread the logits."""

from __future__ import annotations

import pathlib

import numpy as np
import torch
import transformers

FAMILIES = ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra"]


def config_of(family: str, labels: int = 1, **changes: object) -> transformers.PretrainedConfig:
    """A small configuration; `changes` override its fields."""
    sizes: dict[str, object] = {
        "vocab_size": 203,
        "hidden_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 100,
        "max_position_embeddings": 80,
        "type_vocab_size": 2,
        "num_labels": labels,
    }
    if family == "distilbert":
        sizes = {
            "vocab_size": 203,
            "dim": 48,
            "n_layers": 3,
            "n_heads": 4,
            "hidden_dim": 100,
            "max_position_embeddings": 80,
            "num_labels": labels,
        }
    if family == "electra":
        sizes["embedding_size"] = 32
    if family in ("roberta", "xlm-roberta", "camembert"):
        sizes["type_vocab_size"] = 1
    return transformers.AutoConfig.for_model(family, **(sizes | changes))


def checkpoint(
    config: transformers.PretrainedConfig, folder: pathlib.Path, seed: int = 0
) -> torch.nn.Module:
    """A model with random weights, saved to `folder`.

    A fresh head's logits all lie near zero, where a tolerance of 1e-4 hides every error: weights
    are widened until logits spread over several units.
    """
    torch.manual_seed(seed)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and "embeddings" not in name:
                parameter.mul_(3.0)
            if name.endswith("bias"):
                parameter.normal_(0, 0.1)
        for name, parameter in model.named_parameters():
            if name in ("classifier.weight", "classifier.out_proj.weight"):
                parameter.mul_(20.0)
    model.save_pretrained(folder, safe_serialization=True)
    return model


def spread(model: torch.nn.Module, logits: np.ndarray) -> np.ndarray:
    """Scale the head so that these logits of the model have a standard deviation of 2.5 and a mean
    of 0 for each label, where 1e-4 is a small part of any difference. Returns the new ones."""
    scale, mean = 2.5 / logits.std(axis=0), logits.mean(axis=0)
    head = getattr(model.classifier, "out_proj", model.classifier)
    with torch.no_grad():
        head.bias.sub_(torch.from_numpy(mean)).mul_(torch.from_numpy(scale))
        head.weight.mul_(torch.from_numpy(scale)[:, None])
    return (logits - mean) * scale


def sequences(
    config: transformers.PretrainedConfig, count: int, longest: int, seed: int = 0
) -> tuple[list[list[int]], list[list[int]]]:
    """Random ids (no padding id among them) and segment ids."""
    chooser = np.random.default_rng(seed)
    types = getattr(config, "type_vocab_size", 0)
    ids, segments = [], []
    for length in chooser.integers(3, longest + 1, size=count):
        ids.append(chooser.integers(5, config.vocab_size, size=length).tolist())
        middle = int(chooser.integers(1, length))
        segments.append([0 if i < middle or types < 2 else 1 for i in range(length)])
    return ids, segments


def reference(
    model: torch.nn.Module, ids: list[list[int]], segments: list[list[int]]
) -> np.ndarray:
    """`transformers`' logits, one sequence at a time."""
    takes_segments = getattr(model.config, "type_vocab_size", 0) > 1
    rows = []
    with torch.inference_mode():
        for one, types in zip(ids, segments, strict=True):
            more = {"token_type_ids": torch.tensor([types])} if takes_segments else {}
            more["attention_mask"] = torch.ones(1, len(one), dtype=torch.long)
            rows.append(model(input_ids=torch.tensor([one]), **more).logits[0].numpy())
    return np.stack(rows)
