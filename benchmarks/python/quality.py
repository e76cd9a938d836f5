"""The quality table: nDCG@10 of the embedded models and of what they have to beat.

    python benchmarks/python/quality.py --data DATA --encoder MINILM --work WORK

Every row reranks the same candidates: the collection's own run where it has one, else stemmed
BM25's. `cosine` is the bi-encoder all-MiniLM-L6-v2, `late` its cosine and MaxSim (sum of z-scores),
both untrained; `tiny` and `default` are the models that come with tamis; `+ BM25` adds 0.3 of
BM25's z-score. Intervals are paired bootstraps over queries (95%): of the mean for BM25, of the
difference from `late` for other rows.

A model that reads texts apart encodes each text once, by its PyTorch definition in bf16 over the
int8 weights: much less work than a pair at a time, for the same scores to within the rounding. One
that reads pairs together, and every embedded one with `--engine`, is run as `tamis.CrossEncoder` at
`--precision`; without `--engine` a row `apart` is what `tamis.LateInteraction` makes of it. Scores
are kept in WORK, and a row whose scores are there is not computed again. `--speed` measures pairs a
second and no quality.
Run it once, on finished models: nothing is to be chosen by it.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
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
from training.model import CLOSED, TamisInteraction
from training.scoring import QUERY_TOKENS, closed_states
from training.teacher import Readings, finish
from training.texts import Tokenizer, pad_states

import tamis

SETS = ("scifact", "trec_dl19", "cranfield", "wikiqa", "mediqa2019_qa")
EMBEDDED = ("tiny", "default")
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


def folder_of(name: str) -> pathlib.Path:
    """Of an embedded model."""
    return pathlib.Path(tamis.__file__).parent / "models" / name


def ranker(name: str, precision: str = "fp32") -> tamis.CrossEncoder:
    """An embedded model in the engine."""
    return tamis.CrossEncoder(None if name == "default" else name, precision=precision)


def way_of(name: str, options: argparse.Namespace) -> str:
    """How an embedded model is scored: "apart" where its cross-attention is shut, or the engine's
    precision."""
    shut = bool((load(folder_of(name)).interaction.attention_bias == CLOSED).all())
    return "apart" if shut and not options.engine else options.precision


def by_definition(name: str, lists: Sequence[dict]) -> Scores:
    """An embedded model's logits, each text encoded once."""
    return Encoded(load(folder_of(name)), folder_of(name), lists).readout()


def by_engine(name: str, lists: Sequence[dict], precision: str) -> Scores:
    """An embedded model's logits as `tamis.CrossEncoder` gives them, pair by pair."""
    pairs = [(entry["query"], text) for entry in lists for text in entry["passages"]]
    model = ranker(name, precision)
    flat = np.asarray(model.predict(pairs, scores="logit", on_truncation="ignore"))
    return np.split(flat, np.cumsum([len(entry["passages"]) for entry in lists])[:-1])


def scored(name: str, row: str, lists: Sequence[dict], way: str) -> dict[str, Scores]:
    """A row of an embedded model, in a way of `way_of`."""
    return {row: by_definition(name, lists) if way == "apart" else by_engine(name, lists, way)}


def kept(path: pathlib.Path, compute: Callable[[], dict[str, Scores]]) -> dict[str, Scores]:
    """The scores in a file, computed and written where there is none."""
    if not path.exists():
        found = {name: [row.tolist() for row in rows] for name, rows in compute().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    stored = json.loads(path.read_text())
    return {name: [np.array(row) for row in rows] for name, rows in stored.items()}


def interval(values: np.ndarray, seed: int = 0, draws: int = 2000) -> tuple[float, float]:
    """The 95% bootstrap interval of a mean."""
    chooser = np.random.default_rng(seed)
    means = values[chooser.integers(0, len(values), (draws, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def cells(lists: Sequence[dict], rows: dict[str, Scores]) -> dict[str, str]:
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

    def cell(name: str, found: np.ndarray) -> str:
        mean = f"{found.mean():.3f}"
        if name == "late":
            return mean
        low, high = interval(found if name == "BM25" else found - values["late"])
        sign = "" if name == "BM25" else "+"
        return f"{mean} [{low:{sign}.3f}, {high:{sign}.3f}]"

    return {name: cell(name, found) for name, found in values.items()}


def blended(lists: Sequence[dict], scores: Scores) -> Scores:
    """Scores and 0.3 of BM25's, both as z-scores."""
    return [
        zscore(found) + BLEND * zscore(entry["bm25"])
        for entry, found in zip(lists, scores, strict=True)
    ]


def rows_of(name: str, lists: list[dict], options: argparse.Namespace) -> dict[str, Scores]:
    """All rows of one collection."""

    def place(row: str, folder: pathlib.Path, way: str = "apart") -> pathlib.Path:
        parts = [folder / "model.safetensors", folder / "config.json"]
        weights = hashlib.sha256(b"".join(map(pathlib.Path.read_bytes, parts))).hexdigest()
        return options.work / f"{name}-{row}-{way}-{len(lists)}x{options.depth}-{weights[:8]}.json"

    def untrained() -> dict[str, Scores]:
        encoder = TamisInteraction.from_encoder(options.encoder).eval()
        return Encoded(encoder, options.encoder, lists).untrained()

    rows: dict[str, Scores] = {"BM25": [np.array(entry["bm25"]) for entry in lists]}
    rows |= kept(place("minilm", options.encoder), untrained)
    for model in options.models:
        way = way_of(model, options)
        ways = {model: way}
        if way != "apart" and not options.engine:
            ways = {f"{model}, apart": "apart", model: way}
        for row, way in ways.items():
            path = place(model, folder_of(model), way)
            rows |= kept(path, functools.partial(scored, model, row, lists, way))
    for row in list(rows)[1:]:
        rows[f"{row} + BM25"] = blended(lists, rows[row])
    return rows


def speed(lists: Sequence[dict], encoder: pathlib.Path, models: Sequence[str]) -> None:
    """Print pairs a second, each passage read anew: the best of three rounds, taken in turn."""
    ways: dict[str, Callable[[dict], object]] = {}
    for precision in ("fp32", "int8"):
        late = tamis.LateInteraction(encoder, precision=precision, cache_bytes=0)
        ways[f"cosine {precision}"] = lambda entry, late=late: (
            late.embed_passages(entry["passages"], on_truncation="ignore")
            @ late.embed_queries([entry["query"]]).T
        )
        ways[f"late {precision}"] = lambda entry, late=late: late.rank(
            entry["query"], entry["passages"], on_truncation="ignore"
        )
        for name in models:
            model = ranker(name, precision)
            ways[f"{name} {precision}"] = lambda entry, model=model: model.rank(
                entry["query"], entry["passages"], on_truncation="ignore"
            )
    best = dict.fromkeys(ways, 0.0)
    pairs = sum(len(entry["passages"]) for entry in lists)
    for _ in range(3):
        for name, way in ways.items():
            started = time.perf_counter()
            for entry in lists:
                way(entry)
            best[name] = max(best[name], pairs / (time.perf_counter() - started))
    for name, value in best.items():
        print(f"{name}: {value:.0f} pairs a second")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for flag in ("data", "encoder", "work"):
        parser.add_argument(f"--{flag}", type=pathlib.Path, required=True)
    parser.add_argument("--models", nargs="*", default=list(EMBEDDED), choices=EMBEDDED)
    parser.add_argument("--engine", action="store_true", help="every model in the engine")
    parser.add_argument("--precision", default="auto", help="in the engine (default: auto)")
    parser.add_argument("--speed", action="store_true", help="pairs a second, no quality")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--depth", type=int, default=100, help="candidates of each query")
    parser.add_argument("--queries", type=int, help="only the first so many of each collection")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tamis.set_num_threads(options.threads)
    table: dict[str, dict[str, str]] = {}
    for name in options.sets:
        lists = judged_lists(options.data, name, options.depth)
        lists = [entry for entry in lists if any(entry["judged"])][: options.queries]
        if options.speed:
            print(name, f"{len(lists)} queries, {options.threads} threads", flush=True)
            speed(lists, options.encoder, options.models)
            continue
        table[f"{name} ({len(lists)})"] = cells(lists, rows_of(name, lists, options))
        print(name, json.dumps(table[f"{name} ({len(lists)})"]), flush=True)
    if table:
        print("", "", *table, "", sep=" | ")
        for row in next(iter(table.values())):
            print("", row, *(column[row] for column in table.values()), "", sep=" | ")


if __name__ == "__main__":
    main()
