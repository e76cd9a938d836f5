"""One call's arguments, checked once, and the way from texts to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np

from tamis import checks, pools, report
from tamis._native import CancelToken
from tamis.activation import Activation, Array, softmax
from tamis.documents import TextOf
from tamis.errors import InvalidArgument, NonFiniteScore
from tamis.fragmentation import SAMPLE, warn_if_fragmented
from tamis.load_options import read_processing
from tamis.loaded import Loaded
from tamis.progress import ProgressBar
from tamis.report import TruncationReport
from tamis.threads import follow_torch

# sentence-transformers' default batch size means "no opinion": the token budget decides then.
NO_OPINION = 32


class Options(TypedDict, total=False):
    """Beyond sentence-transformers: keyword arguments of every scoring method."""

    scores: Literal["default", "logit", "probability"]  # instead of an activation_fn
    on_truncation: Literal["warn", "error", "ignore", "window"]
    aggregate: Literal["max", "mean", "first"]  # of a document's windows
    window_stride: int | None  # tokens between windows; None is half a window
    truncation: Literal["longest_first", "only_first", "only_second"]
    max_query_tokens: int | None  # the query is cut to these first
    max_doc_tokens: int | None  # the document likewise
    max_batch_tokens: int | None  # budget of a micro-batch, which bounds memory
    processing_kwargs: Mapping[str, Any] | None  # sentence-transformers' spelling of two of these
    cancel: CancelToken | None  # stops the call from another thread


class Arguments(Options, total=False):
    """Every keyword argument that `predict` and `rank` have in common."""

    prompt_name: str | None
    prompt: str | None
    batch_size: int
    show_progress_bar: bool | None
    activation_fn: Any
    device: Any
    pool: pools.Pool | None
    chunk_size: int | None


class RankArguments(Arguments, total=False):
    """Those of `rank` and its like."""

    top_k: int | None
    return_documents: bool
    min_score: float | None
    text: TextOf
    fields: Sequence[str] | None


_NATIVE_NAMES = {
    "aggregate": "aggregate",
    "window_stride": "window_stride",
    "truncation": "truncation",
    "max_query_tokens": "max_query_tokens",
    "max_doc_tokens": "max_document_tokens",
    "max_batch_tokens": "max_batch_tokens",
    "cancel": "cancel",
}
_AGGREGATES = ("max", "mean", "first")
_TRUNCATIONS = ("longest_first", "only_first", "only_second")
_OF_CALLS = ("cancel", "pool", "chunk_size", "device", "activation_fn", "show_progress_bar")
_POSITIVE = ("window_stride", "max_query_tokens", "max_doc_tokens", "max_batch_tokens")


def check_names(arguments: Mapping[str, Any], method: str) -> None:
    """A misspelt argument is an error, as Python has it."""
    for name in arguments:
        if name not in Arguments.__optional_keys__:
            raise TypeError(f"{method}() got an unexpected keyword argument '{name}'")


def refuse_in_a_stage(arguments: Mapping[str, Any]) -> None:
    """Throws InvalidArgument for what a stage of a cascade would pass over."""
    for name in _OF_CALLS:
        if name in arguments:
            raise InvalidArgument(f"{name}= does not apply to a stage of a cascade")
    if arguments.get("scores") == "probability":
        raise InvalidArgument(
            "scores='probability' does not apply to a stage of a cascade, whose scores are logits; "
            "leave it out, and take the sigmoid of a hit's score where you need it"
        )


def _native_arguments(options: Options, max_length: int, batch_size: int) -> dict[str, Any]:
    mode = checks.one_of(
        "on_truncation",
        options.get("on_truncation", "warn"),
        ("warn", "error", "ignore", "window"),
    )
    arguments: dict[str, Any] = {
        native: options[name]  # type: ignore[literal-required]
        for name, native in _NATIVE_NAMES.items()
        if options.get(name) is not None
    }
    for name in _POSITIVE:
        if _NATIVE_NAMES[name] in arguments:
            arguments[_NATIVE_NAMES[name]] = checks.positive(name, options[name])  # type: ignore[literal-required]
    cancel = arguments.get("cancel")
    if cancel is not None and not isinstance(cancel, CancelToken):
        raise InvalidArgument(f"cancel must be a CancelToken, got {type(cancel).__name__}")
    arguments |= read_processing(options.get("processing_kwargs"))
    checks.one_of("truncation", arguments.get("truncation", "longest_first"), _TRUNCATIONS)
    checks.one_of("aggregate", arguments.get("aggregate", "max"), _AGGREGATES)
    _refuse_without_effect(arguments, windowed=mode == "window")
    arguments["max_length"] = min(arguments.get("max_length", max_length), max_length)
    arguments["on_truncation"] = "allow" if mode in ("warn", "ignore") else mode
    if batch_size != NO_OPINION:
        arguments["max_batch_pairs"] = batch_size
    return arguments


def _refuse_without_effect(arguments: Mapping[str, Any], *, windowed: bool) -> None:
    if windowed and arguments.get("truncation", "longest_first") != "longest_first":
        raise InvalidArgument(
            "truncation= says which side is cut, and windows cut no document; leave out one of "
            "truncation= and on_truncation='window'"
        )
    if not windowed and (
        arguments.get("aggregate", "max") != "max" or "window_stride" in arguments
    ):
        raise InvalidArgument(
            "aggregate= and window_stride= are of windows; add on_truncation='window'"
        )


@dataclass(frozen=True)
class Call:
    """What one scoring call was asked for."""

    activation: Activation
    prompt: str
    batch_size: int
    show_progress_bar: bool
    native: dict[str, Any]  # arguments of the native call
    warns: bool
    chunk_size: int | None = None
    apply_softmax: bool = False

    @classmethod
    def read(
        cls,
        arguments: Arguments,
        *,
        activation: Activation,
        prompt: str | None,
        max_length: int,
        show_progress_bar: bool,
        apply_softmax: bool = False,
    ) -> Call:
        """Throws InvalidArgument, or ValueError in sentence-transformers' words."""
        batch_size = checks.positive("batch_size", arguments.get("batch_size", NO_OPINION))
        chunk_size = arguments.get("chunk_size")
        if chunk_size is not None:
            chunk_size = checks.positive("chunk_size", chunk_size)
        return cls(
            activation,
            prompt or "",
            batch_size,
            show_progress_bar,
            _native_arguments(arguments, max_length, batch_size),
            arguments.get("on_truncation", "warn") in ("warn", "window"),
            chunk_size,
            apply_softmax,
        )


@dataclass(frozen=True)
class Scored:
    """Of pairs, in the caller's order."""

    scores: Array  # [pairs] with one label, else [pairs, labels]
    logits: Array  # [pairs, labels]
    report: TruncationReport

    def part(self, begin: int, end: int) -> Scored:
        """The pairs from `begin` to before `end`."""
        return Scored(self.scores[begin:end], self.logits[begin:end], self.report.part(begin, end))


def _empty(labels: int) -> Scored:
    none = np.zeros(0, np.uint32)
    scores = np.zeros((0,) if labels == 1 else (0, labels), np.float32)
    return Scored(scores, np.zeros((0, labels), np.float32), TruncationReport(none, none, 0))


def _activated(logits: Array, call: Call) -> Array:
    scores = np.asarray(call.activation.apply(logits))
    if scores.shape[:1] != logits.shape[:1]:
        raise InvalidArgument(
            f"activation_fn gave {scores.shape} for logits {logits.shape}; it must keep the pairs"
        )
    if logits.shape[1] == 1 and scores.ndim > 1 and scores.shape[-1] == 1:
        scores = scores[..., 0]
    _require_finite(scores)
    if call.apply_softmax and scores.ndim > 1:
        scores = softmax(scores, axis=1)
    return scores


def _require_finite(scores: Array) -> None:
    """The logits are finite: what is not came from the caller's activation."""
    bad = np.flatnonzero(~np.isfinite(scores).reshape(len(scores), -1).all(axis=1))
    if len(bad):
        error = NonFiniteScore(
            f"activation_fn gave NaN or infinity for {len(bad)} of {len(scores)} pairs, first for "
            f"pair {bad[0]}"
        )
        error.indices = bad.tolist()
        raise error


def _report(result: Any) -> TruncationReport:
    return TruncationReport(
        result.query_tokens_cut, result.document_tokens_cut, result.tokens, result.spans
    )


def score(
    model: Loaded,
    queries: list[str],
    documents: list[str],
    call: Call,
    pool: pools.Pool | None = None,
) -> Scored:
    """Score queries[i] with documents[i]."""
    if not queries:
        return _empty(model.native.labels)
    follow_torch()
    if call.prompt:
        queries = [call.prompt + query for query in queries]
    step, desc = call.batch_size, "Batches"
    if pool is not None:
        step, desc = call.chunk_size or pools.default_chunk_size(pool, len(queries)), "Chunks"
    with ProgressBar(call.show_progress_bar, len(queries), step, desc) as bar:
        if pool is None:
            results = [
                model.native.logits(queries, documents, progress=bar.callback, **call.native)
            ]
        else:
            results = pools.map_chunks(
                pool,
                len(queries),
                step,
                lambda worker, part, watch: worker.native.logits(
                    queries[part], documents[part], progress=watch, **call.native
                ),
                bar.callback,
            )
    logits = np.concatenate([result.logits for result in results])
    found = report.join([_report(result) for result in results])
    if call.warns:
        report.warn_if_cut(found, call.native)
    if model.recipe.folder is None:
        warn_if_fragmented([queries[0], *documents[:SAMPLE]])
    return Scored(_activated(logits, call), logits, found)
