"""Step 2: choose each query's candidates and score them with the two-encoder ensemble.

The teacher is the sum of MiniLM's cosine and MaxSim and multilingual-e5-small's cosine and MaxSim,
each over its mean deviation within a list, plus a light share of BM25. MiniLM's states after the
closed layers are kept on disk: the student trains on top of them.
"""

from __future__ import annotations

import json
import pathlib
import random
import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.model import TamisInteraction
from training.scoring import QUERY_TOKENS, closed_states
from training.texts import Tokenizer, by_length, pad, pad_states

LONGEST = {"short": 112, "long": 224}
"""Stage -> passage tokens, [CLS] and [SEP] counted in."""


def candidates(query: dict, dense: Sequence[int], count: int, size: int, rng: random.Random):
    """`count` passages: the positive, BM25's and the encoder's best, deeper and random ones."""
    shortlist = [at for at, _ in query["bm25"]]
    wanted = ([query["positive"]] if query["positive"] >= 0 else []) + shortlist[:2]
    top = [at for at in dict.fromkeys([*shortlist[2:10], *dense[:10]]) if at not in wanted]
    deep = [at for at in dict.fromkeys([*shortlist[10:], *dense[10:]]) if at not in wanted + top]
    wanted += rng.sample(top, min(count // 2 - 1, len(top)))
    wanted += rng.sample(deep, min(count // 4, len(deep)))
    wanted = list(dict.fromkeys(wanted))[:count]
    while len(wanted) < count:
        other = rng.randrange(size)
        if other not in wanted:
            wanted.append(other)
    return wanted


@torch.no_grad()
def finish(model: TamisInteraction, states: Sequence[Tensor]) -> list[Tensor]:
    """Final states of texts encoded alone, from their states after the closed layers."""
    found: list[Tensor] = [torch.empty(0)] * len(states)
    for batch in by_length([len(row) for row in states], 4096):
        padded, mask = pad_states([states[at] for at in batch])
        for layer in model.encoder.layer[model.config.closed_layers :]:
            padded = layer(padded, ~mask)
        for at, row, row_mask in zip(batch, padded.half(), mask, strict=True):
            found[at] = row[row_mask].clone()
    return found


def pooled(states: Sequence[Tensor]) -> Tensor:
    """Unit mean vectors of texts."""
    return F.normalize(torch.stack([row.float().mean(0) for row in states]), dim=1)


def pair_scores(
    queries: Sequence[Tensor], passages: Sequence[Tensor], lists: Sequence[Sequence[int]]
) -> Tensor:
    """Cosine and MaxSim of every pair, [lists, candidates, 2]."""
    query_means, passage_means = pooled(queries), pooled(passages)
    found = torch.empty(len(lists), len(lists[0]), 2)
    for at, chosen in enumerate(lists):
        query = F.normalize(queries[at].float(), dim=1)
        states, mask = pad_states([passages[place] for place in chosen])
        products = F.normalize(states, dim=2) @ query.T
        products = products.masked_fill(~mask[..., None], -2.0)
        found[at, :, 0] = passage_means[chosen] @ query_means[at]
        found[at, :, 1] = products.amax(1).mean(1)
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


def teach(
    encoder: pathlib.Path, e5: pathlib.Path, work: pathlib.Path, stage: str, count: int, seed: int
) -> None:
    """Write `<stage>.json` (queries, candidates, scores) and `<stage>.pt` (closed states)."""
    started, rng = time.time(), random.Random(seed)
    pool = json.loads((work / "pools.json").read_text())[stage]
    queries, passages = pool["queries"], pool["passages"]
    texts = [query["query"] for query in queries]
    model, tokenizer = TamisInteraction.from_encoder(encoder).eval(), Tokenizer(encoder)
    asked = closed_states(model, tokenizer(texts, QUERY_TOKENS), 0)
    read = closed_states(model, tokenizer(passages, LONGEST[stage]), 1)
    torch.save({"queries": asked, "passages": read}, work / f"{stage}.pt")
    asked, read = finish(model, asked), finish(model, read)
    print(f"{stage}: MiniLM states after {time.time() - started:.0f} s", flush=True)
    near = (pooled(asked) @ pooled(read).T).topk(40, dim=1).indices.tolist()
    lists = [
        candidates(query, dense, count, len(passages), rng)
        for query, dense in zip(queries, near, strict=True)
    ]
    scores = [pair_scores(asked, read, lists)]
    large = E5(e5)
    asked = large.states([f"query: {text}" for text in texts], QUERY_TOKENS + 8)
    read = large.states([f"passage: {text}" for text in passages], LONGEST[stage] + 32)
    print(f"{stage}: e5 states after {time.time() - started:.0f} s", flush=True)
    scores.append(pair_scores(asked, read, lists))
    lexical = torch.zeros(len(lists), count, 1)
    for at, (query, chosen) in enumerate(zip(queries, lists, strict=True)):
        known = dict(map(tuple, query["bm25"]))
        lexical[at, :, 0] = torch.tensor([known.get(place, 0.0) for place in chosen])
    scores.append(lexical)
    everything = torch.cat(scores, 2).numpy()
    entries = [
        {
            "source": query["source"],
            "candidates": chosen,
            "positive": chosen.index(query["positive"]) if query["positive"] in chosen else -1,
            "scores": np.round(row, 5).tolist(),
        }
        for query, chosen, row in zip(queries, lists, everything, strict=True)
    ]
    (work / f"{stage}.json").write_text(json.dumps(entries))
    report(entries)
    print(f"{stage}: done after {time.time() - started:.0f} s", flush=True)


def ensemble(scores: np.ndarray, lexical: float) -> np.ndarray:
    """Teacher scores [lists, candidates], of mean deviation 1 in a list, from five columns."""
    spread = scores.std(1).mean(0)
    weights = np.array([0.25, 0.25, 0.25, 0.25, lexical / 4]) / spread
    total = (scores * weights).sum(2)
    return (total - total.mean(1, keepdims=True)) / total.std(1).mean()


def report(entries: Sequence[dict]) -> None:
    """How often each teacher puts the labelled positive first: a look at training labels only."""
    labelled = [entry for entry in entries if entry["positive"] >= 0]
    scores = np.array([entry["scores"] for entry in labelled])
    positives = np.array([entry["positive"] for entry in labelled])
    names = ("cosine", "maxsim", "e5 cosine", "e5 maxsim", "bm25")
    columns = {name: scores[..., at] for at, name in enumerate(names)}
    columns |= {f"all+{share}": ensemble(scores, share) for share in (0.0, 0.3, 0.6, 1.0)}
    for name, column in columns.items():
        own = column[np.arange(len(column)), positives][:, None]
        print(f"  {name}: MRR {(1 / ((column > own).sum(1) + 1)).mean():.4f}", flush=True)
