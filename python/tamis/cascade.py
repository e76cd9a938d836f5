"""Cascade: stages, a time budget, and what a run did."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from tamis import _native, awaiting, candidates, checks, native_call
from tamis.documents import TextOf, names, query_text
from tamis.errors import CascadeWarning, InvalidArgument
from tamis.fragmentation import warn_if_fragmented
from tamis.pauses import paused
from tamis.report import level_of_caller
from tamis.stages import Stage
from tamis.threads import follow_torch
from tamis.trace import Trace
from tamis.typing_names import Unpack


@dataclass(frozen=True)
class Hit:
    """A candidate of the result."""

    document: Any  # the caller's own object
    index: int  # in the list that was given, or retrieved
    id: str
    text: str = field(repr=False)
    score: float | None  # of the latest stage that scored it; None: none did
    scores: dict[str, float]  # by stage, earliest first; "input": what it came with
    # by stage that scored windows: characters of `text`, of the winning one
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def stage(self) -> str | None:
        """Whose `score` is. Scores of different stages are not comparable."""
        return next(reversed(self.scores), None)


@dataclass(frozen=True)
class CascadeResult:
    """What a run returns."""

    hits: list[Hit]  # best first
    trace: Trace


class RunArguments(TypedDict, total=False):
    """Keyword arguments of every run."""

    budget_ms: float | None
    text: TextOf
    fields: Sequence[str] | None
    cancel: _native.CancelToken | None


class Cascade:
    """Candidates go through ever finer, ever costlier stages, inside a time budget.

    Immutable but for what it learns of its stages' cost; any number of threads may run one.
    Candidates are never lost: each is in `hits`, or in the `dropped` of the stage where it left,
    with the reason. What will run but is hardly meant is a CascadeWarning, and in `warnings`.
    Throws InvalidArgument for stages that cannot run.
    """

    def __init__(self, stages: Sequence[Stage], *, budget_ms: float | None = None) -> None:
        stages = checks.list_of("stages", stages)
        for place, stage in enumerate(stages):
            if not isinstance(stage, Stage):
                kind = type(stage).__name__
                raise InvalidArgument(f"stage {place + 1} must come from tamis.stages, got {kind}")
        self._native = native_call.call(
            _native.Cascade, [stage.used for stage in stages], budget_ms=budget_ms
        )
        self._budget_ms = budget_ms
        self._stages = tuple(stages)  # they hold the functions that they call
        self._english = any(stage.english for stage in stages)
        _warn(self.warnings)

    @classmethod
    def from_config(
        cls, source: str | os.PathLike[str] | Mapping[str, Any], /, **objects: Any
    ) -> Cascade:
        """Of a TOML, YAML or JSON file, or a dict. `objects` are what a file cannot hold: indexes,
        functions and loaded models, by the names that its `use` says."""
        from tamis import cascade_config

        stages, budget_ms, name = cascade_config.read(source, objects)
        try:
            return cls(stages, budget_ms=budget_ms)
        except InvalidArgument as error:
            raise InvalidArgument(f"{name}: {error}") from error

    # --- runs

    def run(
        self,
        query: Any,
        candidates: Iterable[Any] | None = None,
        *,
        budget_ms: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        cancel: _native.CancelToken | None = None,
    ) -> CascadeResult:
        """One query. `candidates`, best first, unless the first stage retrieves: str, dict,
        documents of LangChain, LlamaIndex or Haystack, other objects, or (document, score). `text`
        and `fields` are of `candidates`, as in `CrossEncoder.rank`. `budget_ms` instead of the
        cascade's own; 0: nothing is scored.
        Throws InvalidArgument, StageError, Cancelled."""
        lists = None if candidates is None else [candidates]
        return self._run([query_text(query)], lists, budget_ms, text, fields, cancel)[0]

    def run_many(
        self,
        queries: Sequence[Any],
        candidates: Sequence[Iterable[Any]] | None = None,
        *,
        budget_ms: float | None = None,
        text: TextOf = None,
        fields: Sequence[str] | None = None,
        cancel: _native.CancelToken | None = None,
    ) -> list[CascadeResult]:
        """A run for each query, in step: models score pairs of several queries in one call. Results
        are those of `run`. The budget is each query's, and they spend it together: n queries have n
        times as much. A trace's `real_ms` is the query's part of shared calls, its `total_ms` the
        time of all. Throws as `run` does."""
        listed = checks.list_of("queries", queries)
        texts = [query_text(query, f"query {i}") for i, query in enumerate(listed)]
        lists = None if candidates is None else checks.list_of("candidates", candidates)
        return self._run(texts, lists, budget_ms, text, fields, cancel)

    async def arun(
        self,
        query: Any,
        candidates: Iterable[Any] | None = None,
        **arguments: Unpack[RunArguments],
    ) -> CascadeResult:
        """`run` in a worker thread. Cancelling the task stops it, within a micro-batch too. The
        budget begins now, and a wait for a worker takes of it."""
        late = _Late(self.run, self._budget_ms, 1)
        return await awaiting.run(late, query, candidates, **arguments)

    async def arun_many(
        self,
        queries: Sequence[Any],
        candidates: Sequence[Iterable[Any]] | None = None,
        **arguments: Unpack[RunArguments],
    ) -> list[CascadeResult]:
        """`run_many` in a worker thread. Cancelling the task stops the work."""
        listed = checks.list_of("queries", queries)
        late = _Late(self.run_many, self._budget_ms, len(listed))
        return await awaiting.run(late, listed, candidates, **arguments)

    def _run(
        self,
        queries: list[str],
        given: Sequence[Iterable[Any]] | None,
        budget_ms: float | None,
        text: TextOf,
        fields: Sequence[str] | None,
        cancel: _native.CancelToken | None,
    ) -> list[CascadeResult]:
        fields = names(text, fields)
        if self.retrieves and (text is not None or fields is not None):
            raise InvalidArgument(
                "text= and fields= are of candidates that a run is given, and the first stage "
                "retrieves: give them to stages.retrieve"
            )
        read = None if given is None else [candidates.read(own, text, fields) for own in given]
        follow_torch()
        found = native_call.call(
            self._native.run_many, queries, read, budget_ms=budget_ms, cancel=cancel
        )
        results = [_result(*one, query) for one, query in zip(found, queries, strict=True)]
        for result in results:
            for stage in result.trace.stages:
                _warn(stage.warnings)
            if self._english and result.hits:
                warn_if_fragmented([result.trace.query, *(hit.text for hit in result.hits)])
        return results

    # --- what it is and what it learnt

    @property
    def warnings(self) -> list[str]:
        """What will run but is hardly meant."""
        return self._native.warnings

    @property
    def retrieves(self) -> bool:
        """Whether the first stage does; else runs need candidates."""
        return self._native.retrieves

    def save_costs(self, path: str | os.PathLike[str]) -> None:
        """What was learnt of the stages' cost, as JSON, for another process, which never sees half
        of it: of several that save to one path, the last wins."""
        costs = json.dumps({"version": _COSTS, "stages": self._native.costs})
        target = checks.path("path", path)
        new = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            new.write_text(costs, "utf-8")
            os.replace(new, target)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def load_costs(self, path: str | os.PathLike[str]) -> None:
        """Goes on from `save_costs`; stages that are not here are passed over. Neighbours of equal
        cost are a CascadeWarning then. Throws InvalidArgument for another file."""
        before = len(self.warnings)
        self._native.learn(_costs_in(checks.path("path", path)))
        _warn(self.warnings[before:])

    def __repr__(self) -> str:
        return self._native.description


class _Late:
    """A call with what is left of its budget since this was made."""

    def __init__(self, call: Callable[..., Any], budget_ms: float | None, queries: int) -> None:
        self._call = call
        self._budget_ms = budget_ms
        self._queries = max(queries, 1)
        self._made = time.monotonic()

    def __call__(self, *args: Any, budget_ms: float | None = None, **arguments: Any) -> Any:
        budget = self._budget_ms if budget_ms is None else budget_ms
        if budget is not None and checks.is_real(budget):  # the call itself refuses others
            waited = 1000 * (time.monotonic() - self._made) / self._queries
            budget = budget if budget <= 0 else max(budget - waited, 0.0)
        return self._call(*args, budget_ms=budget, **arguments)


_COSTS = 2  # version of the file


def _costs_in(path: Path) -> dict[str, list[tuple[float, float, float, float]]]:
    """Throws InvalidArgument."""
    try:
        told = json.loads(path.read_text("utf-8"))
        if told["version"] != _COSTS:
            raise ValueError(f"its version is {told['version']!r}, not {_COSTS}")
        found: dict[str, list[tuple[float, float, float, float]]] = {}
        for name, rows in told["stages"].items():
            found[name] = []
            for items, tokens, ms, size in rows:
                found[name].append((float(items), float(tokens), float(ms), float(size)))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        said = f"{type(error).__name__}: {error}"
        raise InvalidArgument(f"{path} was not written by save_costs ({said})") from error
    return found


def _result(hits: list[Any], told: dict[str, Any], query: str) -> CascadeResult:
    found = []
    for document, index, name, text, scores, spans in paused(hits):
        last = next(reversed(scores.values()), None)
        found.append(Hit(document, index, name, text, last, scores, spans or {}))
    return CascadeResult(found, Trace.read(told, query))


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        warnings.warn(CascadeWarning(message), stacklevel=level_of_caller())
