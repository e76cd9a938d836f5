"""Scoring lists of pairs with a model: closed states once per text, open layers once per pair."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.model import TamisInteraction
from training.texts import Tokenizer, by_length, pad, pad_states

QUERY_TOKENS = 64


@torch.no_grad()
def closed_states(
    model: TamisInteraction, rows: Sequence[Sequence[int]], segment: int, layers: int | None = None
) -> list[Tensor]:
    """fp16 states [length, H] of each row of ids after the closed layers (or `layers`)."""
    found: list[Tensor] = [torch.empty(0)] * len(rows)
    for batch in by_length([len(row) for row in rows], 4096):
        ids, mask = pad([rows[at] for at in batch])
        states = model.closed(ids, mask, segment, layers).half()
        for at, state, row_mask in zip(batch, states, mask, strict=True):
            found[at] = state[row_mask].clone()
    return found


@torch.no_grad()
def open_scores(
    model: TamisInteraction,
    queries: Sequence[Tensor],
    passages: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
) -> Tensor:
    """Logits of the pairs (query index, passage index) from cached closed states."""
    lengths = [len(queries[query]) + len(passages[passage]) for query, passage in pairs]
    scores = torch.empty(len(pairs))
    for batch in by_length(lengths, 6144):
        chosen = [pairs[at] for at in batch]
        query, query_mask = pad_states([queries[at] for at, _ in chosen])
        passage, passage_mask = pad_states([passages[at] for _, at in chosen])
        states = model.open(query, query_mask, passage, passage_mask)
        scores[batch] = model.readout(states[0], query_mask, states[1], passage_mask)
    return scores


class Collection:
    """Queries with candidate lists, tokenised, whose closed states are computed once and kept."""

    def __init__(self, tokenizer: Tokenizer, lists: Sequence[dict], longest: int) -> None:
        """A list is `{"query": str, "passages": [str], "grades": [float], "bm25": [float]}`."""
        texts = list(dict.fromkeys(text for entry in lists for text in entry["passages"]))
        place = {text: at for at, text in enumerate(texts)}
        self.lists = lists
        self.queries = tokenizer([entry["query"] for entry in lists], QUERY_TOKENS)
        self.passages = tokenizer(texts, longest)
        self.pairs = [
            (at, place[text]) for at, entry in enumerate(lists) for text in entry["passages"]
        ]
        self._states: tuple[list[Tensor], list[Tensor]] | None = None

    def scores(self, model: TamisInteraction) -> list[Tensor]:
        """The logits of each list. The closed layers are taken to be those of the first call."""
        if self._states is None:
            self._states = (
                closed_states(model, self.queries, 0),
                closed_states(model, self.passages, 1),
            )
        flat = open_scores(model, *self._states, self.pairs)
        return list(flat.split([len(entry["passages"]) for entry in self.lists]))

    def forget(self) -> None:
        """Drop the closed states, so that another model's are computed."""
        self._states = None
