"""What a lower precision costs in ranking quality: nDCG@10 of a model at each precision.

    python benchmarks/python/precision_quality.py --data DATA [--model FOLDER]

Candidates are those of the quality table (training/beir.py): the collection's own run where it has
one, else stemmed BM25's, `--depth` for each query. The default model is the embedded one.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from training.beir import judged_lists, ndcg, zscore

import tamis

SETS = ("trec_dl19", "scifact", "cranfield")


def main() -> None:
    """Parse the arguments, score every collection at every precision, print the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", help="a folder, instead of the embedded default model")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--precision", nargs="*", default=["fp32", "bf16", "int8"])
    parser.add_argument("--depth", type=int, default=50, help="candidates of each query")
    parser.add_argument("--queries", type=int, help="only the first so many of each collection")
    options = parser.parse_args()
    for name in options.sets:
        lists = judged_lists(options.data, name, options.depth)[: options.queries]
        pairs = [(entry["query"], text) for entry in lists for text in entry["passages"]]
        cuts = np.cumsum([len(entry["passages"]) for entry in lists])[:-1]
        for precision in options.precision:
            arguments = (options.model,) if options.model else ()
            model = tamis.CrossEncoder(*arguments, precision=precision)
            started = time.perf_counter()
            scores = np.split(
                model.predict(pairs, scores="logit", on_truncation="ignore").astype(float), cuts
            )
            seconds = time.perf_counter() - started
            found = [
                ndcg(entry["grades"], zscore(list(own)), entry["judged"])
                for entry, own in zip(lists, scores, strict=True)
            ]
            print(
                f"{name:12} {len(lists):4} queries  {model.description:28} "
                f"nDCG@10 {np.mean(found):.4f}  {len(pairs) / seconds:6.0f} pairs/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
