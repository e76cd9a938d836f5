"""Tokenising, padding, and cutting batches of about equal length."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from tokenizers import BertWordPieceTokenizer

CLS, SEP = 101, 102


class Tokenizer:
    """BERT's uncased WordPiece, one segment at a time: `[CLS] text [SEP]`."""

    def __init__(self, folder: str | pathlib.Path) -> None:
        self._inner = BertWordPieceTokenizer(str(pathlib.Path(folder) / "vocab.txt"))

    def __call__(self, texts: Sequence[str], longest: int) -> list[list[int]]:
        """Ids of each text, cut to `longest` tokens, the two special ones counted in."""
        inner = self._inner.encode_batch(list(texts), add_special_tokens=False)
        return [[CLS, *found.ids[: longest - 2], SEP] for found in inner]


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Right-padded ids and their mask."""
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = True
    return ids, mask


def pad_states(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Right-padded fp32 states [B, L, H] and their mask, from rows [length, H]."""
    longest = max(len(row) for row in rows)
    states = torch.zeros(len(rows), longest, rows[0].shape[1])
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for at, row in enumerate(rows):
        states[at, : len(row)] = row
        mask[at, : len(row)] = True
    return states, mask


def by_length(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Indices in order of length, cut into batches of at most `tokens` padded tokens."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[at] > tokens:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
