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
from collections.abc import Sequence

import torch

from training.beir import Bm25, ndcg, read, run, titled, zscore
from training.export import load
from training.model import TamisInteraction
from training.scoring import QUERY_TOKENS, Collection
from training.texts import Tokenizer

BLEND = 0.3
"""The weight of BM25's z-score beside the model's."""


def measure(lists: Sequence[dict], scores: Sequence, blend: float = 0.0) -> dict[str, float]:
    """Mean nDCG@10 of each set, and `mean` over the sets; `blend` adds BM25's z-scores."""
    by_set: dict[str, list[float]] = {}
    for entry, found in zip(lists, scores, strict=True):
        found = zscore([float(score) for score in found])
        if blend:
            found = found + blend * zscore(entry["bm25"])
        by_set.setdefault(entry["set"], []).append(ndcg(entry["grades"], found, entry["judged"]))
    result = {name: sum(values) / len(values) for name, values in by_set.items()}
    return {name: round(value, 4) for name, value in result.items()} | {
        "mean": round(sum(result.values()) / len(result), 4)
    }


def judged_lists(data: pathlib.Path, name: str, depth: int = 100) -> list[dict]:
    """A test collection's lists: its BM25 run where one came with it, else stemmed BM25."""
    found = read(data / name, "test")
    bm25_run = data / name / "runs" / "bm25.trec"
    keys = list(found.docs)
    texts = {key: titled(found.titles[key], found.docs[key]) for key in keys}
    asked = list(found.queries)
    if bm25_run.exists():
        hits = run(bm25_run)
        tops = [[hit for hit in hits[query] if hit[0] in texts][:depth] for query in asked]
    else:
        indexed = Bm25([texts[key] for key in keys])
        found_tops = indexed.top([found.queries[query] for query in asked], depth)
        tops = [[(keys[at], score) for at, score in top] for top in found_tops]
    return [
        {
            "set": name,
            "query": found.queries[query],
            "passages": [texts[doc] for doc, _ in top],
            "grades": [found.qrels[query].get(doc, 0.0) for doc, _ in top],
            "judged": list(found.qrels[query].values()),
            "bm25": [score for _, score in top],
        }
        for query, top in zip(asked, tops, strict=True)
    ]


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
    parser.add_argument("--longest", type=int, default=512 - QUERY_TOKENS, help="passage tokens")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.untrained:
        model = TamisInteraction.from_encoder(options.model, closed_layers=6).eval()
    else:
        model = load(options.model)
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
