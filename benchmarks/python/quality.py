"""The quality table: nDCG@10 of the default model and of what it has to beat, on test collections.

    python benchmarks/python/quality.py --data DATA --encoder MINILM

Every row reranks the same candidates: the collection's own run where it has one, else stemmed
BM25's. `cosine` is the bi-encoder all-MiniLM-L6-v2, `late` its cosine and MaxSim (sum of z-scores),
both untrained; `default` is `tamis.CrossEncoder()` through the engine; `+ BM25` adds 0.3 of BM25's
z-score. `--apart` takes the default's PyTorch definition instead, for a model whose cross-attention
is shut: each text is encoded once, in bf16, which is much less work. Intervals are paired
bootstraps over queries (95%): of the mean for BM25, of the difference from `late` for other rows.
Run it once, on a finished model: nothing is to be chosen by it.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from training.beir import judged_lists, ndcg, zscore
from training.export import load
from training.model import TamisInteraction
from training.scoring import QUERY_TOKENS, closed_states
from training.teacher import Readings, finish
from training.texts import Tokenizer, pad_states

SETS = ("scifact", "trec_dl19", "cranfield", "wikiqa", "mediqa2019_qa")
BLEND = 0.3
Scores = list[np.ndarray]


class Encoded:
    """The queries and passages of some lists, each encoded alone by a model."""

    def __init__(self, model: TamisInteraction, encoder: pathlib.Path, lists: Sequence[dict]):
        tokenizer = Tokenizer(encoder)
        self.model, self.lists = model, lists
        texts = list(dict.fromkeys(text for entry in lists for text in entry["passages"]))
        self.place = {text: at for at, text in enumerate(texts)}
        rows = (
            tokenizer([entry["query"] for entry in lists], QUERY_TOKENS),
            tokenizer(texts, 512 - QUERY_TOKENS),
        )
        with torch.autocast("cpu", torch.bfloat16):
            self.queries, self.passages = (
                finish(model, closed_states(model, part, segment))
                for segment, part in enumerate(rows)
            )

    def untrained(self) -> dict[str, Scores]:
        """The model's cosine, and its cosine and MaxSim together."""
        readings = Readings(self.queries, self.passages)
        found: dict[str, Scores] = {"cosine": [], "late": []}
        for at, entry in enumerate(self.lists):
            columns = readings([at], [self.place[text] for text in entry["passages"]])[0].numpy()
            found["cosine"].append(columns[:, 0])
            found["late"].append(zscore(columns[:, 0]) + zscore(columns[:, 1]))
        return found

    @torch.no_grad()
    def readout(self) -> Scores:
        """The logits of a model whose cross-attention is shut."""
        return [
            self.model.matrix(
                *pad_states([self.queries[at]]),
                *pad_states([self.passages[self.place[text]] for text in entry["passages"]]),
            )[0].numpy()
            for at, entry in enumerate(self.lists)
        ]


def default(model: str | None, threads: int) -> Callable[[Sequence[dict]], Scores]:
    """`tamis.CrossEncoder` as shipped, or of the folder `model`."""
    import tamis

    tamis.set_num_threads(threads)
    ranker = tamis.CrossEncoder(model) if model else tamis.CrossEncoder()

    def score(lists: Sequence[dict]) -> Scores:
        pairs = [(entry["query"], text) for entry in lists for text in entry["passages"]]
        flat = np.asarray(ranker.predict(pairs, on_truncation="ignore"), dtype=np.float64)
        return np.split(flat, np.cumsum([len(entry["passages"]) for entry in lists])[:-1])

    return score


def interval(values: np.ndarray, seed: int = 0, draws: int = 2000) -> tuple[float, float]:
    """The 95% bootstrap interval of a mean."""
    chooser = np.random.default_rng(seed)
    means = values[chooser.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def table(lists: Sequence[dict], rows: dict[str, Scores]) -> dict[str, dict[str, object]]:
    """nDCG@10 of each row with its interval."""
    values = {
        name: np.array(
            [
                ndcg(entry["grades"], found, entry["judged"])
                for entry, found in zip(lists, scores, strict=True)
            ]
        )
        for name, scores in rows.items()
    }
    return {
        name: {
            "ndcg": round(float(found.mean()), 4),
            "interval": [
                round(bound, 4)
                for bound in interval(found if name == "BM25" else found - values["late"])
            ],
        }
        for name, found in values.items()
    }


def blended(lists: Sequence[dict], scores: Scores) -> Scores:
    """Scores and 0.3 of BM25's, both as z-scores."""
    return [
        zscore(found) + BLEND * zscore(entry["bm25"])
        for entry, found in zip(lists, scores, strict=True)
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--model", help="a folder, instead of the embedded default model")
    parser.add_argument("--apart", action="store_true", help="--model in PyTorch, not the engine")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--depth", type=int, default=100, help="candidates of each query")
    parser.add_argument("--queries", type=int, help="only the first so many of each collection")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encoder = TamisInteraction.from_encoder(options.encoder).eval()
    if options.apart:
        model = load(options.model)

        def score(lists: Sequence[dict]) -> Scores:
            return Encoded(model, options.encoder, lists).readout()
    else:
        score = default(options.model, options.threads)
    for name in options.sets:
        lists = judged_lists(options.data, name, options.depth)
        lists = [entry for entry in lists if any(entry["judged"])][: options.queries]
        rows: dict[str, Scores] = {"BM25": [np.array(entry["bm25"]) for entry in lists]}
        rows |= Encoded(encoder, options.encoder, lists).untrained()
        started = time.perf_counter()
        rows["default"] = score(lists)
        seconds = time.perf_counter() - started
        for row in ("cosine", "late", "default"):
            rows[f"{row} + BM25"] = blended(lists, rows[row])
        speed = sum(len(entry["passages"]) for entry in lists) / seconds
        print(name, f"{len(lists)} queries, default: {speed:.0f} pairs a second", flush=True)
        for row, figures in table(lists, rows).items():
            print("  ", row, json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
