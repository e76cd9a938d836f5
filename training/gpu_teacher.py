"""The teacher of `joint.py`, for fixed candidates of each query, on the device that trains.

As in `teacher.py`: cosine and MaxSim of two encoders, each over its mean deviation within a list,
and a light share of BM25; here the first encoder is the starting model, read apart.
"""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.model import TamisInteraction
from training.texts import by_length

DENSE, RANDOM = 32, 4
"""Candidates of a query by the encoders' means, and at random, beside BM25's and the labelled."""


class Rows:
    """Token ids of texts, on a device."""

    def __init__(self, ids: np.ndarray, begin: np.ndarray, device: torch.device) -> None:
        self.ids = torch.from_numpy(ids).to(device)
        self.begin = torch.from_numpy(begin).to(device)
        self.lengths = self.begin.diff()

    def __len__(self) -> int:
        return len(self.lengths)

    def places(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Where the tokens of some texts stand in `ids`, right-padded [n, L], and their mask."""
        lengths = self.lengths[chosen]
        place = torch.arange(int(lengths.max()), device=chosen.device)
        at = (self.begin[chosen, None] + place).clamp_max(len(self.ids) - 1)
        return at, place < lengths[:, None]

    def take(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Right-padded ids [n, L] and their mask."""
        at, mask = self.places(chosen)
        return self.ids[at].long() * mask, mask


class Reading:
    """Unit token states and unit means of texts, each encoded alone by an encoder in bf16."""

    @torch.no_grad()
    def __init__(self, encoder: TamisInteraction, rows: Rows, segment: int) -> None:
        wide, layers = encoder.config.hidden_size, encoder.config.num_hidden_layers
        self.rows = rows
        self.states = torch.empty(len(rows.ids), wide, dtype=torch.half, device=rows.ids.device)
        self.means = torch.empty(len(rows), wide, device=rows.ids.device)
        for batch in by_length(rows.lengths.tolist(), 65536):
            chosen = torch.tensor(batch, device=rows.ids.device)
            ids, mask = rows.take(chosen)
            states = encoder.closed(ids, mask, segment, layers).float()
            sums = (states * mask[..., None]).sum(1)
            self.means[chosen] = F.normalize(sums, dim=1)
            at, _ = rows.places(chosen)
            self.states[at[mask]] = F.normalize(states, dim=-1).half()[mask]

    def take(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Right-padded unit states [n, L, H] and their mask."""
        at, mask = self.rows.places(chosen)
        return self.states[at], mask


@torch.no_grad()
def columns(queries: Reading, passages: Reading, found: Tensor) -> Tensor:
    """Cosine and MaxSim of each query (row) and its candidates [N, C] -> [N, C, 2]."""
    parts = []
    for chosen in torch.arange(len(found), device=found.device).split(32):
        lists = found[chosen]
        cosine = torch.einsum("nd,ncd->nc", queries.means[chosen], passages.means[lists])
        asked, query_mask = queries.take(chosen)
        read, mask = passages.take(lists.flatten())
        products = asked @ read.view(len(chosen), -1, read.shape[-1]).transpose(1, 2)
        products = products.view(*asked.shape[:2], lists.shape[1], -1)
        shut = ~mask.view(len(chosen), 1, lists.shape[1], -1)
        best = products.masked_fill(shut, -2.0).amax(-1).float()
        maxsim = (best * query_mask[..., None]).sum(1) / query_mask.sum(1)[:, None]
        parts.append(torch.stack([cosine, maxsim], -1))
    return torch.cat(parts)


@dataclasses.dataclass
class Candidates:
    """For each query C passages [N, C], what the teacher says of them (-inf: a passage that is
    twice in the list), and the place of the labelled passage it likes best (-1: none)."""

    passages: Tensor
    scores: Tensor
    label: Tensor


def gathered(data: dict[str, np.ndarray], means: Tensor, pool: int, rng: torch.Generator):
    """Candidates [N, C] by label, BM25, the mean of the encoders' cosines and at random, each
    passage's BM25 score (its best has 1), and where a passage stands for the first time."""
    device = means.device
    labels, lexical = (torch.from_numpy(data[key]).to(device).long() for key in ("labels", "bm25"))
    said = torch.from_numpy(data["bm25_scores"]).to(device)
    count = len(labels)
    drawn = torch.randint(pool, (count, RANDOM), generator=rng).to(device)
    found = torch.cat([labels, lexical, means, drawn], 1)
    order = found.sort(dim=1, stable=True)
    again = F.pad(order.values[:, 1:] == order.values[:, :-1], (1, 0))
    again = torch.zeros_like(again).scatter(1, order.indices, again)
    top = said.amax(1, keepdim=True).clamp_min(1e-6)
    same = found[..., None] == lexical[:, None]
    bm25 = torch.where(same, said[:, None] / top[..., None], 0.0).amax(-1)
    last = torch.where(lexical >= 0, said, 1e9).amin(1, keepdim=True).clamp_max(1e6) / top
    bm25 = torch.where(same.any(-1), bm25, 0.7 * last.clamp_max(1.0))
    return found, bm25, ~again & (found >= 0)


@torch.no_grad()
def nearest(readings: list[tuple[Reading, Reading]], count: int, pool: int) -> Tensor:
    """The DENSE passages of the pool nearest to each of the first `count` queries."""
    parts = []
    for chosen in torch.arange(count, device=readings[0][0].means.device).split(2048):
        cosine = sum(q.means[chosen] @ p.means[:pool].T for q, p in readings)
        parts.append(cosine.topk(DENSE, dim=1).indices)
    return torch.cat(parts)


def spread(column: Tensor, kept: Tensor) -> Tensor:
    """The mean over lists of a column's deviation among the `kept`."""
    size = kept.sum(1)
    mean = (column * kept).sum(1) / size
    return (((column - mean[:, None]).square() * kept).sum(1) / size).sqrt().mean()


@torch.no_grad()
def candidates(
    data: dict[str, np.ndarray],
    readings: list[tuple[Reading, Reading]],
    pool: int,
    lexical: float,
    seed: int,
) -> tuple[Candidates, Tensor]:
    """The candidates of the pool's queries, and of the columns that make their scores the first
    encoder's two [N, C, 2]."""
    count = len(data["labels"])
    rng = torch.Generator().manual_seed(seed)
    found, bm25, kept = gathered(data, nearest(readings, count, pool), pool, rng)
    safe = found.clamp_min(0)
    parts = [columns(*reading, safe) for reading in readings]
    total = bm25 * lexical / spread(bm25, kept)
    for column in torch.cat(parts, -1).unbind(-1):
        total = total + column / spread(column, kept)
    total = (total / spread(total, kept)).masked_fill(~kept, float("-inf"))
    labelled = torch.from_numpy(data["labels"]).to(found.device)
    right = ((found[..., None] == labelled[:, None]) & (labelled[:, None] >= 0)).any(-1) & kept
    label = torch.where(right, total, float("-inf")).argmax(1)
    label = torch.where(right.any(1), label, -1)
    return Candidates(safe, total, label), parts[0]


def e5(folder: pathlib.Path) -> TamisInteraction:
    """multilingual-e5-small, which is a BERT encoder, to be read apart."""
    return TamisInteraction.from_encoder(folder, closed_layers=12).eval()
