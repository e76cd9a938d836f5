"""What `joint.py` reads, as token ids in one file: the pool and the dev lists, tokenised twice.

    python -m training.joint_data --data DATA --model FOLDER --e5 E5 --work WORK

`--data` holds the collections, `--model` is an exported model (its vocabulary is read), `--e5`
multilingual-e5-small. No model runs, so this step needs no GPU, and the next no text.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from training.label import INVENTED
from training.prepare import LARGE_SEED, PLANS, prepare
from training.progress import path_parser
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


def by_e5(
    e5: pathlib.Path,
    queries: list[str],
    passages: list[str],
    pooled: int,
    longest: tuple[int, int, int],
) -> tuple[list[list[int]], list[list[int]]]:
    """Ids of queries and passages with E5's prefixes. `longest`: tokens of a query, of a passage
    of the pool and of one after the first `pooled`, which is dev's."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(e5)

    def ids(kind: str, part: list[str], most: int) -> list[list[int]]:
        given = [f"{kind}: {text}" for text in part]
        return tokenizer(given, truncation=True, max_length=most)["input_ids"] if part else []

    pool = ids("passage", passages[:pooled], longest[1])
    dev = ids("passage", passages[pooled:], longest[2])
    return ids("query", queries, longest[0]), pool + dev


def by_both(
    model: pathlib.Path, e5: pathlib.Path, queries: list[str], passages: list[str], pooled: int
) -> dict[str, np.ndarray]:
    """Ids of all texts by the model's tokenizer and by E5's."""
    own, first, last = Tokenizer(model), passages[:pooled], passages[pooled:]
    others = by_e5(e5, queries, passages, pooled, (QUERY_TOKENS + 8, LONGEST + 48, 512))
    return {
        **rows("query", own(queries, QUERY_TOKENS)),
        **rows("passage", [*own(first, LONGEST), *own(last, DEV_LONGEST)]),
        **rows("e5_query", others[0]),
        **rows("e5_passage", others[1]),
    }


Tokenised = Callable[[list[str], list[str], int], dict[str, np.ndarray]]
"""Ids of queries and passages, of which so many are the pool's and the others dev's."""


def write(work: pathlib.Path, tokenised: Tokenised) -> None:
    """Write `joint.npz` and `joint.json` (the dev lists without their texts)."""
    pool = json.loads((work / "pool.json").read_text())
    dev = json.loads((work / "dev.json").read_text())
    entries = pool["queries"]
    queries, passages, lists = texts(pool, dev)
    sources = sorted({entry["source"] for entry in entries})
    np.savez_compressed(
        work / "joint.npz",
        **tokenised(queries, passages, len(pool["passages"])),
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


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = path_parser(__doc__, ("data", "model", "e5", "work"))
    options = parser.parse_args(arguments)
    if not (options.work / "pool.json").exists():
        prepare(options.data, options.work, 1.0, 80, LARGE_SEED, PLANS["joint"])
    write(options.work, functools.partial(by_both, options.model, options.e5))


if __name__ == "__main__":
    main()
