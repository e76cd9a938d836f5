"""Score the same pairs with tamis and its peers, interleaved, and print medians and ratios."""

from __future__ import annotations

import argparse
import pathlib
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable

Pairs = list[tuple[str, str]]
Contender = Callable[[Pairs], object]


def processor() -> str:
    """The processor's name as Linux gives it."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def classifier(encoder: pathlib.Path, dest: pathlib.Path) -> pathlib.Path:
    """`encoder` with a random one-label head, as a folder that every contender loads."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=1)
    model.save_pretrained(dest)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(dest)
    return dest


def made_up_pairs(count: int, words: tuple[int, int], seed: int = 0) -> Pairs:
    """Pairs of an eight-word query and a document of `words` words (uniform)."""
    vocabulary = (
        "the of treaty signed river history science protein cell energy market city music river "
        "model language water north europe century council water approach result study patient"
    ).split()
    chooser = random.Random(seed)

    def text(length: int) -> str:
        return " ".join(chooser.choices(vocabulary, k=length))

    return [(text(8), text(chooser.randint(*words))) for _ in range(count)]


CASES: dict[str, tuple[int, tuple[int, int]]] = {
    "100 pairs, ~70 tokens": (100, (55, 62)),
    "100 pairs, ~300 tokens": (100, (270, 300)),
    "1 pair, ~70 tokens": (1, (55, 62)),
    "1,000 pairs, mixed": (1000, (5, 120)),
    "20 pairs, 512 tokens": (20, (520, 530)),
}


def contenders(folder: pathlib.Path, threads: int) -> dict[str, Contender]:
    """Name -> a function that scores all pairs."""
    import torch
    from sentence_transformers import CrossEncoder as Peer

    import tamis

    torch.set_num_threads(threads)
    tamis.set_num_threads(threads)
    ours = tamis.CrossEncoder(str(folder))
    peer = Peer(str(folder), device="cpu")
    return {
        f"tamis ({ours.description})": lambda pairs: ours.predict(pairs, on_truncation="ignore"),
        "sentence-transformers": lambda pairs: peer.predict(pairs, show_progress_bar=False),
    }


def measure(run: dict[str, Contender], pairs: Pairs, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each round, the contenders taking turns."""
    for contender in run.values():
        contender(pairs)
    times: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(rounds):
        for name, contender in run.items():
            start = time.perf_counter()
            contender(pairs)
            times[name].append(1e3 * (time.perf_counter() - start))
    return times


def main() -> None:
    """Parse the arguments, run every case, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", choices=list(CASES), action="append")
    arguments = parser.parse_args()
    print(f"{processor()}, {arguments.threads} threads, {arguments.rounds} rounds")
    with tempfile.TemporaryDirectory() as scratch:
        folder = classifier(arguments.encoder, pathlib.Path(scratch) / "model")
        run = contenders(folder, arguments.threads)
        for case in arguments.case or CASES:
            count, words = CASES[case]
            times = measure(run, made_up_pairs(count, words), arguments.rounds)
            first = statistics.median(next(iter(times.values())))
            print(f"\n{case}")
            for name, taken in times.items():
                median = statistics.median(taken)
                print(
                    f"  {name:42} {median:9.1f} ms  ({min(taken):.1f}–{max(taken):.1f})"
                    f"  {median / first:5.2f}x"
                )


if __name__ == "__main__":
    main()
