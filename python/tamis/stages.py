"""The stages of a cascade.

    from tamis import Cascade, stages as s
    cascade = Cascade([s.retrieve(index, keep=200), s.rerank(model, keep=25)], budget_ms=1500)

Every stage takes `keep`, a `name`, and the options of `Use`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tamis import candidates, checks, finders, native_call, scorers
from tamis import remote as tamis_remote
from tamis._native import Stage as NativeStage
from tamis.cross_encoder import CrossEncoder
from tamis.device import resolve
from tamis.documents import TextOf, names
from tamis.errors import InvalidArgument
from tamis.finders import no_coroutine
from tamis.held import held
from tamis.late_interaction import LateInteraction
from tamis.multi_vector import maxsim
from tamis.stage_scores import Scored as Scored
from tamis.stage_scores import told
from tamis.stage_use import Margin as Margin
from tamis.stage_use import Stage as Stage
from tamis.stage_use import Use as Use
from tamis.stage_use import margin as margin
from tamis.stage_use import used
from tamis.stores import Store
from tamis.typing_names import Unpack

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
        return used(native_call.call(source._native.stage, int(count), name=name), keep, use)
    own = getattr(source, "sources", ()) if sources is None else sources
    search, called = held(finders.finder(source, count, text, fields))
    many, many_called = held(finders.finder_of_many(source, count, text, fields))
    native = native_call.call(
        NativeStage.retrieve,
        called,
        name=name,
        sources=checks.list_of("sources", own),
        many=many_called,
    )
    return used(native, keep, use, kept=(search, many))


# --- scores


def rerank(model: Any, *, keep: int, name: str = "rerank", **arguments: Any) -> Stage:
    """A cross-encoder; scores are logits.

    A `tamis.CrossEncoder` runs without the GIL, takes its scoring options besides (`prompt`,
    `on_truncation`, `max_batch_tokens`, …), and is used with the settings that it has now. Any
    other object needs `predict(pairs) -> scores`.
    """
    use = {key: arguments.pop(key) for key in list(arguments) if key in Use.__optional_keys__}
    if isinstance(model, CrossEncoder):
        english = model._loaded.recipe.folder is None
        return used(model._stage(name, arguments), keep, use, english=english)
    if not hasattr(model, "predict"):
        kind = type(model).__name__
        raise InvalidArgument(f"rerank needs a CrossEncoder, or an object with predict, got {kind}")

    def scores(query: str, _: list[Any], texts: list[str]) -> tuple[Any, ...]:
        found = model.predict([(query, text) for text in texts], **arguments)
        return told(found, name, divisible=True)

    scorer = f"{type(model).__name__} at {id(model)}"
    return _calling(scores, name, keep, use, divisible=True, scorer=scorer)


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
    A run in which texts were cut warns, unless it is to "ignore" that; the trace counts them.

    Documents that carry their vectors, such as a page its patches, need no model: `vectors` is the
    name of their field, or a function document -> [tokens, width], `model` a function query ->
    [tokens, width]; both give arrays as `tamis.maxsim` takes them, whose score is theirs, computed
    on `device`. `model` is called once for a query, and the vectors of the last queries are kept. A
    LateInteraction runs on the CPU.
    """
    place = str(resolve(device))
    if vectors is not None:
        scores, scorer = _carried(model, vectors, name, place)
        return _calling(scores, name, keep, use, divisible=True, scorer=scorer)
    if place != "cpu":
        raise InvalidArgument(f"device '{place}' is for vectors=; a LateInteraction runs on 'cpu'")
    chosen = LateInteraction() if model is None else model
    if not isinstance(chosen, LateInteraction):
        kind = type(chosen).__name__
        raise InvalidArgument(f"late_interaction needs a LateInteraction, got {kind}")
    english = chosen._embedded is not None
    return used(chosen._stage(name, on_truncation), keep, use, english=english)


_QUERIES = 32  # of which a stage keeps the vectors: a run asks for them with every chunk


def _carried(
    model: Any, vectors: str | Callable[[Any], Any], name: str, device: str
) -> tuple[Callable[..., Any], str]:
    """The function of the stage, and who scores."""
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

    return scores, f"maxsim of {vectors} at {scorers.identity(model)}"


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
    at the deadline. `calibrated`: they are probabilities, or the logits of them, that were checked
    on data.

    Scores become float32, of 7 digits. Those that would be ties for it are moved by a few of its
    steps, which keeps their order; with `divisible` they are ties, and a CascadeWarning.
    """
    if not callable_(function):
        kind = type(function).__name__
        raise InvalidArgument(f"callable needs a function (query, documents) -> scores, got {kind}")
    finders.refuse_coroutine_function(function)

    own = getattr(function, "__name__", type(function).__name__) if name is None else name

    def scores(query: str, documents: list[Any], _: list[str]) -> tuple[Any, ...]:
        return told(function(query, documents), own, divisible)

    return _calling(
        scores,
        own,
        keep,
        use,
        divisible=divisible,
        calibrated=calibrated,
        scorer=scorers.of_function(function),
    )


def _calling(
    scores: Callable[..., Any], name: str, keep: int, use: Mapping[str, Any], **traits: Any
) -> Stage:
    kept, called = held(scores)
    native = native_call.call(NativeStage.callable, called, name=name, **traits)
    return used(native, keep, use, kept=(kept,))


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
    return used(native, keep, use)


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
    return used(grader._native.stage(), keep, arguments)


# --- selection


def threshold(least: float, *, keep: int, name: str = "threshold", **use: Unpack[Use]) -> Stage:
    """Drops candidates whose score by the stage before is below `least`; none where not all have
    one. A cross-encoder's are logits, of which 0 is a probability of 0.5. Scores that are not
    calibrated mean another thing for each query: the cascade warns of them."""
    return used(_named(native_call.call(NativeStage.threshold, least=least), name), keep, use)


def deduplicate(*, keep: int, name: str = "deduplicate", **use: Unpack[Use]) -> Stage:
    """Keeps the best of candidates with equal texts."""
    return used(_named(NativeStage.deduplicate(), name), keep, use)


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
    if similarity is not None and not callable_(similarity):
        kind = type(similarity).__name__
        raise InvalidArgument(f"similarity must be a function of two texts, got {kind}")
    kept, called = held(similarity)
    native = native_call.call(NativeStage.diversify, int(keep), balance=balance, similarity=called)
    return used(_named(native, name), keep, use, kept=(kept,))


def _named(native: NativeStage, name: str) -> NativeStage:
    return native_call.call(native.named, name=name)
