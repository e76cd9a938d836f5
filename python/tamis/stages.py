"""The stages of a cascade.

    from tamis import Cascade, stages as s
    cascade = Cascade([s.retrieve(index, keep=200), s.rerank(model, keep=25)], budget_ms=1500)

Every stage takes `keep`, a `name`, and the options of `Use`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from tamis import candidates, checks, finders, native_call, scorers
from tamis import remote as tamis_remote
from tamis._native import CascadeStage
from tamis._native import Stage as NativeStage
from tamis.cross_encoder import CrossEncoder
from tamis.device import resolve
from tamis.documents import TextOf, names
from tamis.errors import InvalidArgument
from tamis.finders import no_coroutine
from tamis.late_interaction import LateInteraction
from tamis.multi_vector import maxsim
from tamis.stage_scores import Scored as Scored
from tamis.stage_scores import told
from tamis.stores import Store

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True)
class Margin:
    """A stage is skipped when the best candidate leads the second by at least `lead`."""

    lead: float


def margin(lead: float) -> Margin:
    """For `skip_if`: the best candidate's score by the stage before leads the second's by this
    much. Where that stage failed or was skipped, nothing is clear."""
    return Margin(lead)


@dataclass(frozen=True)
class Stage:
    """A stage and how a cascade uses it; made by the functions of this module."""

    native: NativeStage = field(repr=False)
    name: str
    keep: int
    used: CascadeStage = field(repr=False)
    options: frozenset[str] = field(default=frozenset(), repr=False)  # those of `Use` that are set


class Use(TypedDict, total=False):
    """How a stage is used: keyword arguments of all stages. C++'s `StageOptions`."""

    limit: int | None  # candidates that are scored, from the top; None: all
    share: float | None  # of the budget, in (0, 1]: the longest this stage may take
    on_error: Literal["skip", "raise"]  # what its failure does to the run
    # earlier stages, or sources of the first -> weights of their scores, as z-scores
    blend: Mapping[str, float]
    skip_if: Margin | float | None
    # tried in turn when this one fails, in what time is left; with this one's options, so that
    # only `keep` and `limit`, which are passed over, may be given there
    fallback: Sequence[Stage]
    retries: int
    backoff_ms: float  # before the first retry; doubles
    chunk: int  # candidates of one call of a divisible stage
    breaker: int  # failed runs in a row after which it is left alone for `breaker_ms`
    breaker_ms: float  # also until a stage that was too slow for one candidate is tried again


def _used(native: NativeStage, keep: int, use: Mapping[str, Any]) -> Stage:
    checks.natural("keep", keep)
    unknown = sorted(set(use) - set(Use.__optional_keys__))
    if unknown:
        raise TypeError(f"stage '{native.name}' got an unexpected keyword argument '{unknown[0]}'")
    for name in ("backoff_ms", "breaker_ms"):
        if use.get(name) is not None:
            checks.number(name, use[name])
    own = {name: value for name, value in use.items() if value is not None}
    skip_if = own.pop("skip_if", None)
    if skip_if is not None:
        own["skip_margin"] = skip_if.lead if isinstance(skip_if, Margin) else skip_if
        checks.number("skip_if", own["skip_margin"])
    if "fallback" in own:
        own["fallback"] = list(map(_native_of, checks.list_of("fallback", own["fallback"])))
    used = native_call.call(CascadeStage, native, keep=int(keep), **own)
    given = frozenset(name for name, value in use.items() if value is not None)
    return Stage(native, native.name, int(keep), used, given)


def _native_of(stage: Any) -> NativeStage:
    if not isinstance(stage, Stage):
        kind = type(stage).__name__
        raise InvalidArgument(f"fallback must hold stages of tamis.stages, got {kind}")
    if lost := sorted(stage.options - {"limit"}):
        raise InvalidArgument(
            f"fallback '{stage.name}' has {lost[0]}, and runs with the options of the stage that "
            "it stands in for; give it there, and all fallbacks in one list"
        )
    return stage.native


# --- retrieval


def retrieve(
    source: Any,
    *,
    keep: int,
    name: str = "retrieve",
    text: TextOf = None,
    fields: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    **use: Unpack[Use],
) -> Stage:
    """The first stage: candidates for a query, best first.

    `source`: a function query -> documents, an object with `search(query, k)` (and, for `run_many`,
    `search_many(queries, k)`), or a retriever of LangChain or LlamaIndex. A document is what
    `Cascade.run` takes, or (document, score). `k` is the limit, or `keep`. `text` and `fields` as
    in `CrossEncoder.rank`. A database of
    `tamis.stores` is searched inside the run's deadline, and without the GIL.

    Where documents have `scores={"bm25": 12.3, …}`, later stages can `blend` with those that
    `sources` names; an object with an attribute `sources`, as `tamis.Index`, names them itself.
    """
    checks.natural("keep", keep)
    fields = names(text, fields)
    limit = use.get("limit")
    count = keep if limit is None else limit
    if isinstance(source, Store):
        if text is not None or fields is not None or sources is not None:
            raise InvalidArgument(
                "the store knows its texts and sources: name columns where it is made"
            )
        checks.natural("limit", count)
        return _used(native_call.call(source._native.stage, int(count), name=name), keep, use)
    own = getattr(source, "sources", ()) if sources is None else sources
    native = native_call.call(
        NativeStage.retrieve,
        finders.finder(source, count, text, fields),
        name=name,
        sources=checks.list_of("sources", own),
        many=finders.finder_of_many(source, count, text, fields),
    )
    return _used(native, keep, use)


# --- scores


def rerank(model: Any, *, keep: int, name: str = "rerank", **arguments: Any) -> Stage:
    """A cross-encoder; scores are logits.

    A `tamis.CrossEncoder` runs without the GIL, takes its scoring options besides (`prompt`,
    `on_truncation`, `max_batch_tokens`, …), and is used with the settings that it has now. Any
    other object needs `predict(pairs) -> scores`.
    """
    use = {key: arguments.pop(key) for key in list(arguments) if key in Use.__optional_keys__}
    if isinstance(model, CrossEncoder):
        return _used(model._stage(name, arguments), keep, use)
    if not hasattr(model, "predict"):
        kind = type(model).__name__
        raise InvalidArgument(f"rerank needs a CrossEncoder, or an object with predict, got {kind}")

    def scores(query: str, _: list[Any], texts: list[str]) -> tuple[Any, ...]:
        found = model.predict([(query, text) for text in texts], **arguments)
        return told(found, name, divisible=True)

    native = _calling(scores, name, divisible=True, scorer=f"{type(model).__name__} at {id(model)}")
    return _used(native, keep, use)


def late_interaction(
    model: LateInteraction | Callable[[str], Any] | None = None,
    *,
    keep: int,
    name: str = "late_interaction",
    on_truncation: Literal["warn", "error", "ignore"] = "warn",
    vectors: str | Callable[[Any], Any] | None = None,
    device: Any = "cpu",
    **use: Unpack[Use],
) -> Stage:
    """Late interaction, a cheap stage before a cross-encoder. None is the embedded default model,
    which ranks nearly as `CrossEncoder()` does: before that one, take `LateInteraction("tiny")`.
    What is cut is counted in the trace, whichever of "warn" and "ignore".

    Documents that carry their vectors, such as a page its patches, need no model: `vectors` is the
    name of their field, or a function document -> [tokens, width], `model` a function query ->
    [tokens, width]; both give arrays as `tamis.maxsim` takes them, whose score is theirs, computed
    on `device`. `model` is called once for a query, and the vectors of the last queries are kept. A
    LateInteraction runs on the CPU.
    """
    place = str(resolve(device))
    if vectors is not None:
        return _used(_carried(model, vectors, name, place), keep, use)
    if place != "cpu":
        raise InvalidArgument(f"device '{place}' is for vectors=; a LateInteraction runs on 'cpu'")
    chosen = LateInteraction() if model is None else model
    if not isinstance(chosen, LateInteraction):
        kind = type(chosen).__name__
        raise InvalidArgument(f"late_interaction needs a LateInteraction, got {kind}")
    return _used(chosen._stage(name, on_truncation), keep, use)


_QUERIES = 32  # of which a stage keeps the vectors: a run asks for them with every chunk


def _carried(
    model: Any, vectors: str | Callable[[Any], Any], name: str, device: str
) -> NativeStage:
    if not callable_(model):
        kind = type(model).__name__
        raise InvalidArgument(
            f"late_interaction with vectors= needs a function query -> vectors, got {kind}"
        )

    def of(document: Any) -> Any:
        found = vectors(document) if callable_(vectors) else candidates.field(document, vectors)
        if found is None:
            raise InvalidArgument(f"a document has no vectors: {vectors!r} is missing")
        return found

    @functools.lru_cache(maxsize=_QUERIES)
    def encoded(query: str) -> Any:
        return no_coroutine(model(query))

    def scores(query: str, documents: list[Any], _: list[str]) -> tuple[Any, ...]:
        vectors_of = [of(document) for document in documents]
        return told(maxsim(encoded(query), vectors_of, device=device), name, divisible=True)

    return _calling(
        scores, name, divisible=True, scorer=f"maxsim of {vectors} at {scorers.identity(model)}"
    )


callable_ = callable  # the function below hides Python's


def callable(
    function: Callable[[str, list[Any]], Any],
    *,
    keep: int,
    name: str | None = None,
    divisible: bool = False,
    calibrated: bool = False,
    **use: Unpack[Use],
) -> Stage:
    """A function (query, documents) -> scores, one for each of the caller's own documents.

    It may return fewer scores, for the first ones, or a `Scored`. `divisible`: its scores do not
    depend on the other documents of a call, so that it may be called with a few at a time and stop
    at the deadline. `calibrated`: they are probabilities that were checked on data.

    Scores become float32, of 7 digits. Those that would be ties for it are moved by a few of its
    steps, which keeps their order; with `divisible` they are ties, and a CascadeWarning.
    """
    if not callable_(function):
        kind = type(function).__name__
        raise InvalidArgument(f"callable needs a function (query, documents) -> scores, got {kind}")

    own = getattr(function, "__name__", type(function).__name__) if name is None else name

    def scores(query: str, documents: list[Any], _: list[str]) -> tuple[Any, ...]:
        return told(function(query, documents), own, divisible)

    native = _calling(
        scores,
        own,
        divisible=divisible,
        calibrated=calibrated,
        scorer=scorers.of_function(function),
    )
    return _used(native, keep, use)


def _calling(scores: Callable[..., Any], name: str, **traits: Any) -> NativeStage:
    return native_call.call(NativeStage.callable, scores, name=name, **traits)


# --- services


def hosted_rerank(
    service: str,
    *,
    keep: int,
    model: str = "",
    base_url: str = "",
    api_key: str | None = None,
    instruction: str = "",
    max_tokens_per_document: int | None = None,
    truncate: bool = True,
    max_documents: int | None = None,
    max_tokens: int | None = None,
    price: tuple[float, float] | None = None,
    http: Mapping[str, Any] | None = None,
    name: str = "",
    **use: Unpack[Use],
) -> Stage:
    """A hosted reranker: "cohere", "voyage", "jina", "mixedbread" or "tei".

    `api_key`: None is the service's variable (COHERE_API_KEY, VOYAGE_API_KEY, …); it is in no
    message and no trace. `instruction` is for Voyage, `max_tokens_per_document` for Cohere,
    `truncate=False` (long texts are an error) for Voyage, Jina and TEI; others refuse them.
    `max_documents` and `max_tokens` of one request: more go out as several.
    `price`: dollars of a search unit and of a million tokens; None is the list price, where it is
    known. `retries` (2) are those of each request, Retry-After first. `http`: `ca_file`, `proxy`,
    `timeout_ms`, …, as HttpOptions of C++. Throws InvalidArgument (service, key, URL).
    """
    remote = tamis_remote.module()
    tries, wait_ms = use.pop("retries", 2), use.pop("backoff_ms", 50.0)
    checks.text("service", service)
    native: NativeStage = native_call.call(
        remote.hosted_rerank,
        service,
        name=checks.text("name", name) or service,
        model=model,
        base_url=base_url,
        api_key=api_key,
        instruction=instruction,
        max_tokens_per_document=max_tokens_per_document,
        truncate=truncate,
        max_documents=max_documents,
        max_tokens=max_tokens,
        price=price,
        tries=tries,
        wait_ms=wait_ms,
        http=tamis_remote.http_options(http),
    )
    return _used(native, keep, use)


def judge(
    *,
    keep: int,
    base_url: str,
    model: str,
    rubric: str | None = None,
    mode: Literal["pointwise", "expected", "listwise"] = "pointwise",
    name: str = "judge",
    **arguments: Any,
) -> Stage:
    """A language model behind an OpenAI-compatible server: `tamis.Judge` as a stage.

    What it says is never trusted: the result is a permutation of the candidates, whatever comes.
    `arguments` are those of `tamis.Judge` and of `Use`; `retries` are those of each request.
    """
    own = {key: arguments.pop(key) for key in list(arguments) if key in tamis_remote.JUDGE_OPTIONS}
    grader = tamis_remote.Judge(base_url, model, rubric=rubric, mode=mode, name=name, **own)
    return _used(grader._native.stage(), keep, arguments)


# --- selection


def threshold(least: float, *, keep: int, name: str = "threshold", **use: Unpack[Use]) -> Stage:
    """Drops candidates whose score by the stage before is below `least`; none where not all have
    one. Scores that are not calibrated mean another thing for each query: the cascade warns of
    them."""
    return _used(_named(native_call.call(NativeStage.threshold, least=least), name), keep, use)


def deduplicate(*, keep: int, name: str = "deduplicate", **use: Unpack[Use]) -> Stage:
    """Keeps the best of candidates with equal texts."""
    return _used(_named(NativeStage.deduplicate(), name), keep, use)


def diversify(
    *,
    keep: int,
    balance: float = 0.7,
    similarity: Callable[[str, str], float] | None = None,
    name: str = "diversify",
    **use: Unpack[Use],
) -> Stage:
    """MMR: `balance` * relevance - (1 - `balance`) * the greatest similarity to a better one.

    `similarity`: of two texts, in [0, 1]; None is the share of their words that both have.
    """
    checks.natural("keep", keep)
    checks.number("balance", balance)
    if not 0 <= balance <= 1:
        raise InvalidArgument(f"balance must be in [0, 1], got {balance}")
    native = native_call.call(
        NativeStage.diversify, int(keep), balance=balance, similarity=similarity
    )
    return _used(_named(native, name), keep, use)


def _named(native: NativeStage, name: str) -> NativeStage:
    return native_call.call(native.named, name=name)
