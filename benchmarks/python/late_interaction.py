"""Late interaction: passages encoded a second, and cached passages compared a second.

    python benchmarks/python/late_interaction.py [--model FOLDER] [--passages 2000] [--rounds 7]

Passages are random words, about 80 tokens long, unless --texts names a file with one a line.
Medians and the spread of the rounds are printed; the first line names the processor.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import tamis

QUERIES = {
    "short": "who signed the treaty of westphalia",
    "long": "which of the treaties that ended the thirty years war was signed by the emperor and "
    "the queen of sweden in osnabrück, and what did it say about the free cities of the empire",
}


def processor() -> str:
    """As /proc/cpuinfo names it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def words(count: int) -> list[str]:
    """`count` passages of random words."""
    random.seed(7)
    known = ["treaty", "signed", "river", "the", "of", "cell", "energy", "city", "war", "peace"]
    return [" ".join(random.choices(known, k=random.randint(40, 116))) for _ in range(count)]


def timed(rounds: int, call: Callable[[], object]) -> list[float]:
    """Seconds of each round, after a warm-up."""
    call()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found


def line(name: str, seconds: list[float], passages: int, tokens: int) -> str:
    """Of one measurement."""
    middle = statistics.median(seconds)
    return (
        f"{name:28} {middle * 1e3:8.1f} ms ({min(seconds) * 1e3:.1f}-{max(seconds) * 1e3:.1f})"
        f"  {passages / middle:10,.0f} passages/s  {tokens / middle:12,.0f} tokens/s"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    model = tamis.LateInteraction(args.model, precision=args.precision, cache_bytes=0)
    texts = args.texts.read_text().splitlines() if args.texts else words(args.passages)
    texts = texts[: args.passages]
    print(f"{processor()}; {tamis.num_threads()} threads; {model.description}")
    some = texts[: max(len(texts) // 10, 1)]
    part = model.encode_passages(some)
    seconds = timed(3, partial(model.encode_passages, some))
    print(line("encode", seconds, len(some), part.tokens))
    passages = model.encode_passages(texts)
    size = passages.nbytes / passages.tokens
    print(f"{len(passages)} passages, {passages.tokens} tokens, {size:.0f} bytes a token")
    numbers = itertools.count()

    def score(
        query: str, some: tamis.Passages
    ) -> None:  # queries that were used last are kept encoded
        model.score(f"{query} {next(numbers)}", some)

    for name, query in QUERIES.items():
        alone = statistics.median(timed(args.rounds, partial(score, query, passages.select([0]))))
        whole = timed(args.rounds, partial(score, query, passages))
        compared = [max(seconds - alone, 1e-9) for seconds in whole]
        print(line(f"{name} query, compare", compared, len(passages), passages.tokens))
        print(f"{'':28} {alone * 1e3:8.1f} ms for the query and one passage")
    scores = model.score(QUERIES["short"], passages)
    print(f"scores from {np.min(scores):.3f} to {np.max(scores):.3f}")


if __name__ == "__main__":
    main()
