"""maxsim of vectors against NumPy, pylate, maxsim-cpu and fast-maxsim, those that are installed.

    python benchmarks/python/maxsim.py [--rounds 9]

Unit vectors at random. Medians and the spread of the rounds in ms; the first line names the
processor. Threads are as many for all. Where torch finds a GPU, MaxSim there too, of documents in
the host's memory and in its own.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import tamis
from late_interaction import processor, timed

# tokens of the query, of a document, width, documents
SHAPES = [(32, 80, 128, 1000), (32, 180, 128, 1000), (20, 1030, 128, 100)]


def unit(*shape: int) -> Any:
    """At random, float32."""
    x = np.random.default_rng(7).standard_normal(shape).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def numpy_scores(query: Any, documents: Any) -> Any:
    """One product, then the maxima."""
    count, length, width = documents.shape
    products = documents.reshape(-1, width) @ query.T
    return products.reshape(count, length, -1).max(1).sum(1)


def calls(query: Any, documents: Any) -> dict[str, Callable[[], Any]]:
    """By name."""
    listed = list(documents)
    codes = np.rint(documents * 127).astype(np.int8)
    found: dict[str, Callable[[], Any]] = {
        "tamis": partial(tamis.maxsim, query, documents),
        "tamis, a list": partial(tamis.maxsim, query, listed),
        "tamis, bf16 products": partial(tamis.maxsim, query, documents, precision="bf16"),
        "tamis, int8 products": partial(tamis.maxsim, query, documents, precision="int8"),
        "tamis, fp16 documents": partial(tamis.maxsim, query, documents.astype(np.float16)),
        "tamis, int8 documents": partial(tamis.maxsim, query, codes, document_scales=1 / 127),
        "numpy": partial(numpy_scores, query, documents),
    }
    for name in ("maxsim_cpu", "fast_maxsim"):
        if importlib.util.find_spec(name):
            found[name] = partial(importlib.import_module(name).maxsim_scores, query, documents)
    if importlib.util.find_spec("torch"):
        torch = importlib.import_module("torch")
        torch.set_num_threads(tamis.num_threads())
        q, d = torch.from_numpy(query[None]), torch.from_numpy(documents)
        try:
            scores = importlib.import_module("pylate.scores").colbert_scores
            found["pylate"] = partial(scores, q, d)
        except ImportError as error:
            print(f"no pylate: {str(error).splitlines()[0]}")
        if torch.cuda.is_available():
            found["tamis, CUDA"] = partial(tamis.maxsim, query, documents, device="cuda")
            there = partial(tamis.maxsim, q[0].cuda(), d.cuda(), device="cuda")
            found["tamis, there already"] = there
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"{processor()}; {tamis.num_threads()} threads")
    for tokens, length, width, count in SHAPES:
        print(f"query {tokens} x {width}, {count} documents of {length}")
        query, documents = unit(tokens, width), unit(count, length, width)
        expected = numpy_scores(query, documents)
        for name, call in calls(query, documents).items():
            error = np.abs(np.asarray(call()).ravel() - expected).max()
            ms = [seconds * 1e3 for seconds in timed(rounds, call)]
            print(
                f"  {name:24} {statistics.median(ms):8.1f} ({min(ms):.1f}-{max(ms):.1f})"
                f"  off by {error:.1e}"
            )


if __name__ == "__main__":
    main()
