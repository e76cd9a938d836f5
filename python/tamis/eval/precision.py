"""What a lower precision does to a model's rankings, measured on lists that ship with the package.

The lists are SciFact claims with their abstracts as BM25 ranks them (tamis.demo), abstracts cut to
their beginnings so that a large model takes seconds. Kendall's tau-b (Kendall, "The treatment of
ties in ranking problems", Biometrika 33, 1945) compares the order of two scorings of a list.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tamis.errors import ModelError

PRECISIONS = ("bf16", "fp16", "int8")
CHOSEN_BY_AUTO = ("bf16", "int8")  # fp16 saves memory and no time

_LISTS, _DEPTH, _WORDS, _SEED = 12, 10, 60, 3

Scores = npt.NDArray[np.float32]
RankedList = tuple[str, list[str]]


@functools.cache
def reference_lists() -> tuple[RankedList, ...]:
    """12 queries with 10 passages each."""
    from tamis.demo.collection import load_abstracts, load_claims, retrieve, sample

    found = sample(retrieve(load_claims(), load_abstracts(), _DEPTH), _SEED)[:_LISTS]
    return tuple(
        (one.claim.text, [" ".join(a.passage.split()[:_WORDS]) for a in one.abstracts])
        for one in found
    )


def kendall_tau(left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Tau-b in [-1, 1] of two scorings of the same items; 1 when both tie everything."""
    x, y = np.asarray(left, np.float64), np.asarray(right, np.float64)
    pairs = np.triu_indices(len(x), 1)
    dx = np.sign(x[:, None] - x[None, :])[pairs]
    dy = np.sign(y[:, None] - y[None, :])[pairs]
    norm = np.sqrt(np.count_nonzero(dx) * np.count_nonzero(dy))
    if norm == 0:
        return 1.0 if not dx.any() and not dy.any() else 0.0
    return float((dx * dy).sum() / norm)


def compare_rankings(expected: Sequence[Scores], found: Sequence[Scores]) -> dict[str, float]:
    """The record of one precision: mean tau over the lists, and the greatest difference."""
    taus = [kendall_tau(left, right) for left, right in zip(expected, found, strict=True)]
    off = max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True))
    return {
        "lists": len(taus),
        "kendall_tau": round(float(np.mean(taus)), 5),
        "max_abs_logit_difference": round(off, 6),
    }


def ranking_parity(
    folder: str | os.PathLike[str],
    precisions: Sequence[str] = PRECISIONS,
    lists: Sequence[RankedList] | None = None,
) -> dict[str, dict[str, float]]:
    """Scores `lists` (default: the reference lists) at fp32 and at each precision, on the engine.

    `folder`: a Hugging Face folder or a bundle, of a cross-encoder or else of what LateInteraction
    reads, or the name of a model that comes with tamis. Logits of several labels are compared by
    the first. Raises ModelError for what the engine does not load.
    """
    from tamis.model_source import located_inside

    lists = reference_lists() if lists is None else lists
    scores = _scorer(os.fspath(located_inside(folder)), lists)
    expected = scores("fp32")
    return {name: compare_rankings(expected, scores(name)) for name in precisions}


def _scorer(folder: str, lists: Sequence[RankedList]) -> Callable[[str], list[Scores]]:
    from tamis import _native
    from tamis.late_interaction import LateInteraction

    def scores(precision: str) -> list[Scores]:
        model = _native.CrossEncoder.load(folder, precision=precision)
        return [
            model.logits([query] * len(passages), passages).logits[:, 0]
            for query, passages in lists
        ]

    def late_scores(precision: str) -> list[Scores]:
        model = LateInteraction(folder, precision=precision, cache_bytes=0)
        return [
            model.score(
                query, model.encode_passages(texts, on_truncation="ignore"), on_truncation="ignore"
            )
            for query, texts in lists
        ]

    try:
        _native.CrossEncoder.load(folder)
    except ModelError as reason:
        try:
            LateInteraction(folder, cache_bytes=0)
        except ModelError:
            raise reason from None
        return late_scores
    return scores


def record_parity(folder: Path, record: dict[str, dict[str, float]]) -> Path:
    """Writes the record where `precision="auto"` looks for it; returns the file.

    tamis.json of a bundle, beside what export measured there; `tamis.parity` of config.json else.
    """
    manifest = folder / "tamis.json"
    file = manifest if manifest.is_file() else folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{folder} is no model: it has neither config.json nor tamis.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    place = content if file == manifest else content.setdefault("tamis", {})
    place["parity"] = place.get("parity", {}) | record
    text = json.dumps(content, indent=1 if file == manifest else 2, ensure_ascii=False) + "\n"
    # A reader never sees half a file.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as stream:
        stream.write(text)
    os.chmod(stream.name, file.stat().st_mode)
    os.replace(stream.name, file)
    return file
