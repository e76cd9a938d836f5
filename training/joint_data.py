"""What `joint.py` reads, as token ids in one file: the pool and the dev lists, tokenised twice.

    python -m training.joint_data --data DATA --model FOLDER --e5 E5 --work WORK

`--data` holds the collections, `--model` is an exported model (its vocabulary is read), `--e5`
multilingual-e5-small. No model runs, so this step needs no GPU, and the next no text.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from training.label import INVENTED
from training.prepare import LARGE_SEED, PLANS, prepare
from training.scoring import QUERY_TOKENS
from training.texts import Tokenizer

LONGEST = 400
"""Tokens of a training passage, [CLS] and [SEP] counted in."""

DEV_LONGEST = 512 - QUERY_TOKENS
SHORTLIST = 24
LABELS = 4
UNLABELLED = ("title", "sentence")
"""Sources whose queries stand, word for word, in other passages than the one they are of."""


def rows(prefix: str, found: Iterable[Sequence[int]]) -> dict[str, np.ndarray]:
    """Rows of ids as one array and the place where each begins."""
    found = list(found)
    begin = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(row) for row in found], out=begin[1:])
    return {prefix: np.concatenate(found).astype(np.int32), f"{prefix}_at": begin}


def table(found: Sequence[Sequence[float]], wide: int, fill: float, kind: type) -> np.ndarray:
    """Rows cut or filled to `wide` columns."""
    filled = np.full((len(found), wide), fill, kind)
    for at, row in enumerate(found):
        filled[at, : len(row)] = row[:wide]
    return filled


def texts(pool: dict, dev: list[dict]) -> tuple[list[str], list[str], list[list[int]]]:
    """Queries and passages, the pool's first; the passages of each dev list."""
    passages = list(dict.fromkeys([*pool["passages"], *(t for e in dev for t in e["passages"])]))
    place = {text: at for at, text in enumerate(passages)}
    queries = [entry["query"] for entry in [*pool["queries"], *dev]]
    return queries, passages, [[place[text] for text in entry["passages"]] for entry in dev]


def tokenised(
    model: pathlib.Path, e5: pathlib.Path, queries: list[str], passages: list[str], pooled: int
) -> dict[str, np.ndarray]:
    """Ids of all texts by both tokenizers; passages after the first `pooled` are dev's."""
    from transformers import AutoTokenizer

    own, other = Tokenizer(model), AutoTokenizer.from_pretrained(e5)

    def by_other(kind: str, part: list[str], longest: int) -> list[list[int]]:
        given = [f"{kind}: {text}" for text in part]
        return other(given, truncation=True, max_length=longest)["input_ids"]

    first, last = passages[:pooled], passages[pooled:]
    return {
        **rows("query", own(queries, QUERY_TOKENS)),
        **rows("passage", [*own(first, LONGEST), *own(last, DEV_LONGEST)]),
        **rows("e5_query", by_other("query", queries, QUERY_TOKENS + 8)),
        **rows(
            "e5_passage",
            [*by_other("passage", first, LONGEST + 48), *by_other("passage", last, 512)],
        ),
    }


def write(model: pathlib.Path, e5: pathlib.Path, work: pathlib.Path) -> None:
    """Write `joint.npz` and `joint.json` (the dev lists without their texts)."""
    pool = json.loads((work / "pool.json").read_text())
    dev = json.loads((work / "dev.json").read_text())
    entries = pool["queries"]
    queries, passages, lists = texts(pool, dev)
    sources = sorted({entry["source"] for entry in entries})
    np.savez_compressed(
        work / "joint.npz",
        **tokenised(model, e5, queries, passages, len(pool["passages"])),
        bm25=table([[at for at, _ in e["bm25"]] for e in entries], SHORTLIST, -1, np.int32),
        bm25_scores=table([[s for _, s in e["bm25"]] for e in entries], SHORTLIST, 0, np.float32),
        labels=table(
            [() if e["source"] in UNLABELLED else e["positives"] for e in entries],
            LABELS,
            -1,
            np.int32,
        ),
        source=np.array([sources.index(e["source"]) for e in entries], np.int8),
        invented=np.array([source in INVENTED for source in sources]),
    )
    kept = ("set", "grades", "judged", "bm25", "away")
    found = [
        {key: entry[key] for key in kept if key in entry} | {"passages": places}
        for entry, places in zip(dev, lists, strict=True)
    ]
    (work / "joint.json").write_text(
        json.dumps({"sources": sources, "passages": len(pool["passages"]), "dev": found})
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "e5", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    if not (options.work / "pool.json").exists():
        prepare(options.data, options.work, 1.0, 80, LARGE_SEED, PLANS["joint"])
    write(options.model, options.e5, options.work)


if __name__ == "__main__":
    main()
