"""Step 2: what two encoders, read token by token and together, say about any query and passage.

The teacher is the sum of MiniLM's cosine and MaxSim and multilingual-e5-small's cosine and MaxSim,
each over its mean deviation among a query's hard candidates, plus a light share of BM25. Token
states are computed once and kept on disk, so a training step can score every query of a batch
against every passage of it. MiniLM's states after the closed layers are kept as well: the student
trains on top of them.
"""

from __future__ import annotations

import json
import pathlib
import random
import time
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.beir import Bm25
from training.model import TamisInteraction, maxima
from training.scoring import QUERY_TOKENS, closed_states
from training.texts import Tokenizer, by_length, pad, pad_states

LONGEST = 240
"""Passage tokens, [CLS] and [SEP] counted in."""

NAMES = ("cosine", "maxsim", "e5 cosine", "e5 maxsim", "bm25")


@torch.no_grad()
def finish(model: TamisInteraction, states: Sequence[Tensor]) -> list[Tensor]:
    """Final states of texts encoded alone, from their states after the closed layers."""
    found: list[Tensor] = [torch.empty(0)] * len(states)
    for batch in by_length([len(row) for row in states], 4096):
        padded, mask = pad_states([states[at] for at in batch])
        padded = model.alone(padded, mask)
        for at, row, row_mask in zip(batch, padded.half(), mask, strict=True):
            found[at] = row[row_mask].clone()
    return found


class E5:
    """multilingual-e5-small from a Hugging Face folder, as token states."""

    def __init__(self, folder: pathlib.Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        self.model = AutoModel.from_pretrained(folder).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    @torch.no_grad()
    def states(self, texts: Sequence[str], longest: int) -> list[Tensor]:
        """fp16 states of each text."""
        rows = self.tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
        found: list[Tensor] = [torch.empty(0)] * len(rows)
        for batch in by_length([len(row) for row in rows], 4096):
            ids, mask = pad([rows[at] for at in batch])
            states = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state.half()
            for at, row, row_mask in zip(batch, states, mask, strict=True):
                found[at] = row[row_mask].clone()
        return found


def pooled(states: Sequence[Tensor]) -> Tensor:
    """Unit mean vectors of texts."""
    return F.normalize(torch.stack([row.float().mean(0) for row in states]), dim=1)


class Readings:
    """Cosine and MaxSim of one encoder's states, for any queries and passages of the pool."""

    def __init__(self, queries: list[Tensor], passages: list[Tensor]) -> None:
        self.queries, self.passages = queries, passages
        self.query_means, self.passage_means = pooled(queries), pooled(passages)

    @torch.no_grad()
    def __call__(self, queries: Sequence[int], passages: Sequence[int]) -> Tensor:
        """[Q, P, 2]."""
        cosine = self.query_means[list(queries)] @ self.passage_means[list(passages)].T
        query, query_mask = pad_states([self.queries[at] for at in queries])
        passage, passage_mask = pad_states([self.passages[at] for at in passages])
        best = maxima(F.normalize(query, dim=-1), F.normalize(passage, dim=-1), passage_mask)
        maxsim = (best * query_mask[:, None]).sum(-1) / query_mask.sum(-1)[:, None]
        return torch.stack([cosine, maxsim], -1)


class Pool:
    """The pool's queries, and which queries and passages are near each by unit means."""

    def __init__(self, entries: list[dict], queries: Tensor, passages: Tensor) -> None:
        self.entries = entries
        self.near = (queries @ passages.T).topk(40, dim=1).indices.tolist()
        self.beside = (queries @ queries.T).topk(25, dim=1).indices.tolist()

    def candidates(self, query: int, rng: random.Random, count: int) -> list[int]:
        """Passages for one query: a labelled one, BM25's and the encoder's best, deeper ones."""
        entry = self.entries[query]
        lexical, dense = [at for at, _ in entry["bm25"]], self.near[query]
        chosen = rng.sample(entry["positives"], min(1, len(entry["positives"])))
        for source in ([*lexical[:2], *dense[:2]], [*lexical[:10], *dense[:10]]):
            left = [at for at in dict.fromkeys(source) if at not in chosen]
            chosen += rng.sample(left, min(count // 3 or 1, len(left)))
        left = [at for at in dict.fromkeys([*lexical[10:], *dense[10:]]) if at not in chosen]
        return chosen + rng.sample(left, min(max(count - len(chosen), 1), len(left)))


class Teacher(Pool):
    """The pool with everything known about it, and the ensemble's scores."""

    def __init__(self, work: pathlib.Path, lexical: float) -> None:
        pool = json.loads((work / "pool.json").read_text())
        self.texts = pool["passages"]
        states = torch.load(work / "states.pt")
        self.queries, self.passages = states["closed"]
        self.encoders = [Readings(*states["minilm"]), Readings(*states["e5"])]
        self.bm25 = Bm25(self.texts)
        self.share = torch.tensor([0.25, 0.25, 0.25, 0.25, lexical / 4])
        encoder = self.encoders[0]
        super().__init__(pool["queries"], encoder.query_means, encoder.passage_means)
        self.spread = torch.ones(5)
        self.spread = self._spread()

    def columns(self, queries: Sequence[int], passages: Sequence[int]) -> Tensor:
        """The five scores of each query and passage, [Q, P, 5]; BM25's best passage has 1."""
        lexical = []
        for at in queries:
            scores = torch.from_numpy(self.bm25.scores(self.entries[at]["query"]))
            lexical.append(scores[list(passages)] / scores.max().clamp_min(1e-6))
        parts = [encoder(queries, passages) for encoder in self.encoders]
        return torch.cat([*parts, torch.stack(lexical).float()[..., None]], -1)

    def scores(self, queries: Sequence[int], passages: Sequence[int]) -> Tensor:
        """The ensemble, [Q, P], in mean deviations among hard candidates."""
        return (self.columns(queries, passages) * self.share / self.spread).sum(-1)

    def _spread(self) -> Tensor:
        """Each column's mean deviation within a list, over some lists; scaled to the sum's."""
        rng = random.Random(1)
        sample = rng.sample(range(len(self.entries)), min(300, len(self.entries)))
        found = torch.cat([self.columns([at], self.candidates(at, rng, 8)[:8]) for at in sample])
        spread = found.std(1, unbiased=False).mean(0).clamp_min(1e-6)
        total = (found * self.share / spread).sum(-1).std(1, unbiased=False).mean()
        return spread * total

    def report(self) -> None:
        """How often each teacher puts a labelled passage first: a look at training labels only."""
        rng = random.Random(2)
        labelled = [at for at, entry in enumerate(self.entries) if len(entry["positives"]) == 1]
        sample = rng.sample(labelled, min(400, len(labelled)))
        lists = {at: self.candidates(at, rng, 8)[:8] for at in sample}
        found = torch.cat([self.columns([at], chosen) for at, chosen in lists.items()])
        columns = {name: found[..., at] for at, name in enumerate(NAMES)}
        columns["all"] = (found * self.share / self.spread).sum(-1)
        for name, column in columns.items():
            ranks = (column > column[:, :1]).sum(1) + 1
            print(f"  {name}: MRR {(1 / ranks).mean():.4f}", flush=True)


def teach(encoder: pathlib.Path, e5: pathlib.Path, work: pathlib.Path) -> None:
    """Write `states.pt`: fp16 token states of all queries and passages."""
    started = time.time()
    pool = json.loads((work / "pool.json").read_text())
    texts = [query["query"] for query in pool["queries"]], pool["passages"]
    with torch.autocast("cpu", torch.bfloat16):
        model, tokenizer = TamisInteraction.from_encoder(encoder).eval(), Tokenizer(encoder)
        rows = tokenizer(texts[0], QUERY_TOKENS), tokenizer(texts[1], LONGEST)
        closed = [closed_states(model, part, segment) for segment, part in enumerate(rows)]
        states = {"closed": closed, "minilm": [finish(model, part) for part in closed]}
        print(f"MiniLM states after {time.time() - started:.0f} s", flush=True)
        large = E5(e5)
        states["e5"] = [
            large.states([f"query: {text}" for text in texts[0]], QUERY_TOKENS + 8),
            large.states([f"passage: {text}" for text in texts[1]], LONGEST + 32),
        ]
    torch.save(states, work / "states.pt")
    print(f"e5 states after {time.time() - started:.0f} s", flush=True)
