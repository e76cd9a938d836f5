"""How a cascade uses a stage: the options that all stages have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from tamis import checks, native_call
from tamis._native import CascadeStage
from tamis._native import Stage as NativeStage
from tamis.errors import InvalidArgument


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
    """A stage and how a cascade uses it; made by the functions of tamis.stages."""

    native: NativeStage = field(repr=False)
    name: str
    keep: int
    used: CascadeStage = field(repr=False)
    options: frozenset[str] = field(default=frozenset(), repr=False)  # those of `Use` that are set
    english: bool = field(default=False, repr=False)  # its model is embedded, and reads no other
    kept: tuple[Any, ...] = field(default=(), repr=False, compare=False)  # functions that it calls


class Use(TypedDict, total=False):
    """How a stage is used: keyword arguments of all stages. C++'s `StageOptions`."""

    limit: int | None  # candidates that are scored, from the top; None: all
    share: float | None  # of the budget, in (0, 1]: the longest this stage may take
    # what its failure does to the run; absent: skip, but raise where it retrieves and had time
    on_error: Literal["skip", "raise"]
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


def used(
    native: NativeStage,
    keep: int,
    use: Mapping[str, Any],
    *,
    english: bool = False,
    kept: tuple[Any, ...] = (),
) -> Stage:
    """Throws InvalidArgument, TypeError."""
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
        fallbacks = checks.list_of("fallback", own["fallback"])
        own["fallback"] = list(map(_native_of, fallbacks))
        kept += tuple(fallbacks)
        english = english or any(stage.english for stage in fallbacks)
    made = native_call.call(CascadeStage, native, keep=int(keep), **own)
    given = frozenset(name for name, value in use.items() if value is not None)
    return Stage(native, native.name, int(keep), made, given, english, kept)


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
