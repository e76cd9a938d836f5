"""Retrieve -> late interaction -> cross-encode on a test collection: the demo's tables, on others.

    python benchmarks/python/cascade_quality.py --data DATA [--set trec_dl19] [--queries N]
        [--index FOLDER] [--plot FILE.svg]

DATA holds collections in BEIR form. recall, nDCG@10 and ms after each stage, for RRF and for union;
then at budgets of 50 to 1,500 ms. `--index` keeps the index for the next run. A collection's test
queries are for the final figures: nothing is to be chosen by them.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from late_interaction import processor
from tamis import CrossEncoder, Index, num_threads
from tamis.demo import cascade, cascade_report, plot
from tamis.demo.collection import Abstract, Claim, sample
from tamis.demo.terminal import Terminal


def rows(path: Path) -> list[dict]:
    """Of a .jsonl file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def judged(folder: Path) -> list[Claim]:
    """Queries for which something relevant is in the collection, in a random order (seed 0)."""
    grades: dict[str, dict[str, int]] = {}
    with open(folder / "qrels" / "test.tsv", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            grades.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    return sample(
        [
            Claim(row["_id"], row["text"], grades[row["_id"]])
            for row in rows(folder / "queries.jsonl")
            if any(grade > 0 for grade in grades.get(row["_id"], {}).values())
        ],
        seed=0,
    )


def index_of(folder: Path, kept: Path | None, terminal: Terminal) -> Index:
    """Opened where it was kept, else built."""
    if kept is not None and kept.exists():
        return Index.open(kept)
    documents = [
        Abstract(row["_id"], row.get("title") or "", row["text"])
        for row in rows(folder / "corpus.jsonl")
    ]
    index = cascade.build_index(documents, terminal.counter("passages"))
    if kept is not None:
        index.save(kept)
    return index


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", default="trec_dl19")
    parser.add_argument("--queries", type=int, help="of those that are judged; default: all")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    terminal = Terminal()
    folder = args.data / args.set
    queries = judged(folder)
    index = index_of(folder, args.index, terminal)
    model = CrossEncoder(precision="auto")
    print(f"{processor()}; {num_threads()} threads; {model.description}")
    print(f"{args.set}: {index}, {len(queries)} queries")
    some = queries[: args.queries]
    deep = {how: cascade.after_each_stage(index, model, some, how) for how in cascade.FUSIONS}
    cascade_report.stage_table(terminal, deep)
    cascade_report.what_stages_add(terminal, deep["rrf"])
    wide = {
        how: cascade.after_each_stage(index, model, queries, how, depth=2)
        for how in cascade.FUSIONS
    }
    cascade_report.verdict(terminal, wide, deep)
    points = {how: cascade.inside_budgets(index, model, some, how) for how in cascade.FUSIONS}
    cascade_report.budget_table(terminal, points)
    if args.plot is not None:
        title = f"{args.set}: {len(some)} queries, {len(index):,} passages"
        plot.write(args.plot, title, cascade_report.curves(points), "budget, ms", "nDCG@10")


if __name__ == "__main__":
    main()
