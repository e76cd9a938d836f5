"""How the runtimes that take padded tensors are fed: tokenised, sorted by length, in batches."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np

Pairs = list[tuple[str, str]]
Forward = Callable[[dict[str, np.ndarray]], np.ndarray]

BATCH = 8


class Sorted:
    """Scores pairs with `forward(inputs) -> logits [batch, labels]`, shortest batches last."""

    def __init__(self, folder: pathlib.Path, forward: Forward) -> None:
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.forward = forward

    def __call__(self, pairs: Pairs) -> np.ndarray:
        """Scores [pairs] in the caller's order."""
        encoded = self.tokenizer(
            [q for q, _ in pairs], [p for _, p in pairs], truncation=True, max_length=512
        )
        lengths = [len(ids) for ids in encoded["input_ids"]]
        order = sorted(range(len(pairs)), key=lambda at: -lengths[at])
        scores = np.empty(len(pairs), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            inputs = self.tokenizer.pad(
                {key: [encoded[key][at] for at in rows] for key in encoded},
                return_tensors="np",
            )
            inputs = {key: value.astype(np.int64) for key, value in inputs.items()}
            scores[rows] = self.forward(inputs)[:, 0]
        return scores
