"""tamis and sentence-transformers on one CUDA device, interleaved; tokenization included.

    python benchmarks/python/gpu.py --encoder FOLDER --xlmr FOLDER

`--encoder`: a BERT encoder as a Hugging Face folder; `--xlmr`: a folder with an XLM-R tokenizer,
for a random model of bge-reranker-v2-m3's shape. Heads are random: speed does not depend on them.
Both libraries sort by length; batches are of 128 pairs.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from compare_peers import bge_m3_shape, classifier, made_up_pairs, measure, report
from peers.runtimes import Contender

CASES = {
    "1,000 pairs, ~70 tokens": (1000, (55, 62)),
    "1,000 pairs, ~300 tokens": (1000, (270, 300)),
    "20 pairs, ~300 tokens": (20, (270, 300)),
    "1 pair, ~70 tokens": (1, (55, 62)),
}
BATCH = 128


def contenders(folder: pathlib.Path, precisions: list[str]) -> Iterator[tuple[str, Contender]]:
    """Name -> a function that scores all pairs."""
    import sentence_transformers
    import torch

    import tamis

    types = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

    def scoring(model: object) -> Contender:
        predict: Callable[..., object] = model.predict  # type: ignore[attr-defined]
        return lambda pairs: predict(pairs, batch_size=BATCH, show_progress_bar=False)

    for precision in precisions:
        ours = tamis.CrossEncoder(str(folder), device="cuda", precision=precision)
        yield f"tamis {precision}", scoring(ours)
    for precision in precisions:
        theirs = sentence_transformers.CrossEncoder(
            str(folder), device="cuda", model_kwargs={"torch_dtype": types[precision]}
        )
        yield f"sentence-transformers {precision}", scoring(theirs)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", type=pathlib.Path)
    parser.add_argument("--xlmr", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    options = parser.parse_args()
    import torch

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.rounds} rounds")
    for make, source in ((classifier, options.encoder), (bge_m3_shape, options.xlmr)):
        if source is None:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = make(source, pathlib.Path(scratch) / "model")
            run = dict(contenders(folder, options.precision))
            for case, (count, words) in CASES.items():
                pairs = made_up_pairs(count, words)
                report(f"{source.name}: {case}", measure(run, pairs, options.rounds, 0.0))


if __name__ == "__main__":
    main()
