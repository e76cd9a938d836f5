"""Random models of every family with `transformers`, their heads scaled so that logits spread over units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Sequences = list[list[int]]


def random_pairs(
    vocabulary: int, lengths: list[int], segments: int, seed: int = 3
) -> tuple[Sequences, Sequences]:
    """Token ids without padding, and segment ids that change somewhere inside each sequence."""
    numbers = np.random.default_rng(seed)
    ids = [numbers.integers(5, vocabulary, length).tolist() for length in lengths]
    types = []
    for length in lengths:
        cut = int(numbers.integers(1, length)) if length > 1 else 1
        types.append([0] * cut + [1 if segments > 1 else 0] * (length - cut))
    return ids, types


def reference_logits(model: Any, ids: Sequences, types: Sequences) -> np.ndarray:
    """Each sequence alone, so that nothing is padded."""
    import torch

    rows = []
    with torch.no_grad():
        for row, segments in zip(ids, types, strict=True):
            inputs = {"input_ids": torch.tensor([row])}
            if getattr(model.config, "type_vocab_size", 0) > 1:
                inputs["token_type_ids"] = torch.tensor([segments])
            rows.append(model(**inputs).logits[0].numpy())
    return np.stack(rows)


def spread_head(model: Any, head: Any, ids: Sequences, types: Sequences) -> None:
    """Scale the last linear layer: a fresh one gives logits near 0, where 1e-4 hides every error."""
    import torch

    logits = torch.from_numpy(reference_logits(model, ids, types))
    scale = 3.0 / logits.std(dim=0).clamp_min(1e-6)
    with torch.no_grad():
        head.weight *= scale[:, None]
        head.bias.copy_((head.bias - logits.mean(dim=0)) * scale)


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save a model and return its folder."""

    def save(model: Any, name: str, **options: Any) -> Path:
        folder = tmp_path_factory.mktemp(name)
        model.save_pretrained(folder, **options)
        return folder

    return save
