"""nDCG@10 of an exported model on the dev lists and on test collections.

python -m training.evaluate --data DATA --model FOLDER [--sets scifact trec_dl19 cranfield]

`--untrained` reads the folder of the plain encoder by MaxSim and cosine: the model before its
first step.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import time
from collections.abc import Iterable, Sequence

import torch

from training.beir import judged_lists, ndcg, zscore
from training.export import load
from training.model import CLOSED, TamisInteraction
from training.scoring import QUERY_TOKENS, Collection
from training.texts import Tokenizer

BLEND = 0.3
"""The weight of BM25's z-score beside the model's."""


def measure(lists: Sequence[dict], scores: Sequence, blend: float = 0.0) -> dict[str, float]:
    """Mean nDCG@10 of each set, and `mean` over the sets; `blend` adds BM25's z-scores.

    Where some sets are away from the training's domains, `home` and `away` are the means of the
    two kinds, and `mean` is the mean of these.
    """
    kinds: dict[str, dict[str, list[float]]] = {}
    for entry, found in zip(lists, scores, strict=True):
        found = zscore([float(score) for score in found])
        if blend:
            found = found + blend * zscore(entry["bm25"])
        kind = kinds.setdefault("away" if entry.get("away") else "home", {})
        values = kind.setdefault(entry["set"], [])
        values.append(ndcg(entry["grades"], found, entry["judged"]))
    sets = {name: _mean(values) for kind in kinds.values() for name, values in kind.items()}
    means = {kind: _mean(map(_mean, found.values())) for kind, found in kinds.items()}
    result = sets | (means if len(means) > 1 else {}) | {"mean": _mean(means.values())}
    return {name: round(value, 4) for name, value in result.items()}


def dev_figures(lists: Sequence[dict], collection: Collection, model: TamisInteraction) -> dict:
    """What a training logs of a checkpoint: both measures on the dev lists, the readout's mix, and
    the mean bias between the texts of each layer that is not closed. In bf16."""
    with torch.autocast("cpu", torch.bfloat16):
        scores = collection.scores(model)
    bias = model.interaction.attention_bias[model.config.closed_layers :]
    return {
        "dev": measure(lists, scores),
        "blended": measure(lists, scores, BLEND),
        "mix": model.interaction.mix.tolist(),
        "bias": [round(row.mean().item(), 3) for row in bias],
    }


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def figures(model: TamisInteraction, tokenizer: Tokenizer, lists: list[dict], longest: int) -> dict:
    """BM25, the model, and both blended, on some lists."""
    collection = Collection(tokenizer, lists, longest)
    started = time.time()
    scores = collection.scores(model)
    return {
        "bm25": measure(lists, [entry["bm25"] for entry in lists]),
        "model": measure(lists, scores),
        "blended": measure(lists, scores, BLEND),
        "pairs_per_second": round(len(collection.pairs) / (time.time() - started), 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--sets", nargs="*", default=["scifact", "trec_dl19", "cranfield"])
    parser.add_argument("--dev", type=pathlib.Path, help="dev.json of a work folder, instead")
    parser.add_argument("--depth", type=int, default=100, help="candidates of each query")
    parser.add_argument("--queries", type=int, help="only the first so many queries of each set")
    parser.add_argument("--untrained", action="store_true", help="the encoder --model, untrained")
    parser.add_argument("--shut", action="store_true", help="--model, its cross-attention shut")
    parser.add_argument("--longest", type=int, default=512 - QUERY_TOKENS, help="passage tokens")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.untrained:
        model = TamisInteraction.from_encoder(options.model, closed_layers=6).eval()
    else:
        model = load(options.model)
    if options.shut:
        model.interaction.attention_bias.data.fill_(CLOSED)
    tokenizer = Tokenizer(options.model)
    if options.dev:
        lists = json.loads(options.dev.read_text())
        print(json.dumps(figures(model, tokenizer, lists, options.longest)))
        return
    for name in options.sets:
        lists = judged_lists(options.data, name, options.depth)[: options.queries]
        print(name, json.dumps(figures(model, tokenizer, lists, options.longest)), flush=True)


if __name__ == "__main__":
    main()
