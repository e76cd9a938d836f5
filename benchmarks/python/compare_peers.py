"""Score the same pairs with tamis and its peers, interleaved, and print medians and ratios.

    python benchmarks/python/compare_peers.py --encoder MINILM [--case "1 pair, ~70 tokens"]

The encoder's folder gets a random one-label head; every contender loads the same folder, in one
process, with the same number of threads, and takes its turn in every round. Tokenisation is part of
what is timed. `--shape bge-m3` makes a random model of bge-reranker-v2-m3's shape instead.
`--callers 8` scores a case's pairs as a service does: eight threads, one pair in each call.
"""

from __future__ import annotations

import argparse
import pathlib
import platform
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from peers.runtimes import Contender, Pairs, all_peers


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


def bge_m3_shape(tokenizer: pathlib.Path, dest: pathlib.Path) -> pathlib.Path:
    """A random XLM-R classifier of bge-reranker-v2-m3's size over the given XLM-R tokenizer."""
    import torch
    from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=250002,
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=8194,
        type_vocab_size=1,
        num_labels=1,
        layer_norm_eps=1e-5,
    )
    XLMRobertaForSequenceClassification(config).save_pretrained(dest)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(dest)
    return dest


def made_up_pairs(count: int, words: tuple[int, int], seed: int = 0) -> Pairs:
    """Pairs of an eight-word query and a document of `words` words (uniform)."""
    words_of = (
        "the of treaty signed river history science protein cell energy market city music river "
        "model language water north europe century council water approach result study patient"
    )
    vocabulary = words_of.split()
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
    "20 pairs, ~200 tokens": (20, (180, 190)),
}


def ours(folder: pathlib.Path, precision: str) -> tuple[str, Contender]:
    """Name (with precision and instruction set) and function of tamis."""
    import tamis

    model = tamis.CrossEncoder(str(folder), device="cpu", precision=precision)
    return (
        f"tamis {model.description.removeprefix('engine ')}",
        lambda pairs: model.predict(pairs, on_truncation="ignore"),
    )


def contenders(
    folder: pathlib.Path, scratch: pathlib.Path, arguments: argparse.Namespace
) -> dict[str, Contender]:
    """Name -> a function that scores all pairs; what cannot be loaded is named and left out."""
    import torch

    import tamis

    torch.set_num_threads(arguments.threads)
    tamis.set_num_threads(arguments.threads)
    run = dict(ours(folder, precision) for precision in arguments.precision)
    for name, load in all_peers(folder, scratch, arguments.threads).items():
        if arguments.peer and not any(wanted in name for wanted in arguments.peer):
            continue
        try:
            run[name] = load()
        except Exception as error:
            print(f"left out: {name}: {type(error).__name__}: {str(error).splitlines()[0]}")
    return run


def asked_by(callers: ThreadPoolExecutor, contender: Contender) -> Contender:
    """The contender, given one pair a call by all of these threads at once."""
    return lambda pairs: list(callers.map(lambda pair: contender([pair]), pairs))


def measure(
    run: dict[str, Contender], pairs: Pairs, rounds: int, pause: float
) -> dict[str, list[float]]:
    """Milliseconds of each round, the contenders taking turns, `pause` seconds apart."""
    for contender in run.values():
        contender(pairs)
    times: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(rounds):
        for name, contender in run.items():
            time.sleep(pause)
            start = time.perf_counter()
            contender(pairs)
            times[name].append(1e3 * (time.perf_counter() - start))
    return times


def report(case: str, times: dict[str, list[float]]) -> None:
    """Median, spread and time as a multiple of each of tamis's own."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    own = [name for name in times if name.startswith("tamis")]
    print(f"\n{case:38} {'ms':>9}  {'min-max':17}" + "".join(f"  {n[6:18]:>12}" for n in own))
    for name, taken in times.items():
        ratios = "".join(f"  {medians[name] / medians[mine]:11.2f}x" for mine in own)
        spread = f"({min(taken):.1f}-{max(taken):.1f})"
        print(f"  {name:36} {medians[name]:9.1f}  {spread:17}{ratios}", flush=True)


def main() -> None:
    """Parse the arguments, run every case, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--shape", choices=["encoder", "bge-m3"], default="encoder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each turn")
    parser.add_argument("--callers", type=int, help="threads, with one pair a call")
    parser.add_argument("--case", choices=list(CASES), action="append")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16", "int8"])
    parser.add_argument("--peer", nargs="*", default=[], help="parts of names; all when empty")
    arguments = parser.parse_args()
    print(f"{processor()}, {arguments.threads} threads, {arguments.rounds} rounds")
    with tempfile.TemporaryDirectory() as scratch:
        make = bge_m3_shape if arguments.shape == "bge-m3" else classifier
        folder = make(arguments.encoder, pathlib.Path(scratch) / "model")
        run = contenders(folder, pathlib.Path(scratch) / "onnx", arguments)
        if arguments.callers:
            callers = ThreadPoolExecutor(arguments.callers)
            run = {name: asked_by(callers, contender) for name, contender in run.items()}
        for case in arguments.case or CASES:
            count, words = CASES[case]
            report(
                case, measure(run, made_up_pairs(count, words), arguments.rounds, arguments.pause)
            )


if __name__ == "__main__":
    main()
