"""The same model twice in one process, packed weights in huge pages and in small ones. Linux.

    python benchmarks/python/huge_pages.py --encoder MINILM [--shape base]

The second copy is loaded after the kernel was told to give this process no huge pages. The two take
turns of six calls; ratios are of neighbouring turns. `--shape base` makes a random model of BERT
base's size instead.
"""

from __future__ import annotations

import argparse
import ctypes
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from compare_peers import classifier, made_up_pairs, processor
from peers.runtimes import Pairs

PR_SET_THP_DISABLE = 41
CALLS = 6
WORDS = (55, 62)  # ~70 tokens


def base_shape(encoder: pathlib.Path, dest: pathlib.Path) -> pathlib.Path:
    """A random classifier of BERT base's size over the encoder's tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig(num_labels=1)).save_pretrained(dest)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(dest)
    return dest


def refuse_huge_pages(refuse: bool) -> None:
    """For what this process touches from now on."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_THP_DISABLE, int(refuse), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_THP_DISABLE)")


def huge_megabytes() -> int:
    """Memory of this process in huge pages."""
    lines = pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("AnonHuge")) // 1024


def measure(folders: dict[str, pathlib.Path], precision: str, pairs: Pairs, rounds: int) -> None:
    """Load both, let them take turns and print what they took."""
    import tamis

    models = {}
    for name, folder in folders.items():
        refuse_huge_pages(name == "small")
        before = huge_megabytes()
        models[name] = tamis.CrossEncoder(str(folder), device="cpu", precision=precision)
        print(f"{name}: {huge_megabytes() - before} MB in huge pages", end=", ")
    refuse_huge_pages(False)
    times: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds):
        for name in list(models)[:: 1 if turn % 2 == 0 else -1]:
            start = time.perf_counter()
            for _ in range(CALLS):
                models[name].predict(pairs)
            times[name].append(1e3 / CALLS * (time.perf_counter() - start))
    ratio = statistics.median(
        huge / small for huge, small in zip(times["huge"], times["small"], strict=True)
    )
    medians = ", ".join(f"{name} {statistics.median(taken):.2f}" for name, taken in times.items())
    print(f"{models['huge'].description}, {len(pairs)} pairs: {medians} ms, ratio {ratio:.3f}")


def main() -> None:
    """Measure each precision with one pair and with 20."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--shape", choices=["encoder", "base"], default="encoder")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16", "int8"])
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    print(processor())
    make = base_shape if arguments.shape == "base" else classifier
    with tempfile.TemporaryDirectory() as scratch:
        huge = make(arguments.encoder, pathlib.Path(scratch) / "huge")
        # Another folder: one that is loaded already would be shared.
        small = pathlib.Path(shutil.copytree(huge, pathlib.Path(scratch) / "small"))
        for precision in arguments.precision:
            for count, rounds in ((1, arguments.rounds), (20, arguments.rounds // 10)):
                folders = {"huge": huge, "small": small}
                measure(folders, precision, made_up_pairs(count, WORDS), rounds)


if __name__ == "__main__":
    main()
