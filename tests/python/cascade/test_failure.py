"""Stages that fail, lie or stop, and what the caller is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

from tamis import (
    Cancelled,
    CancelToken,
    Cascade,
    CascadeWarning,
    CrossEncoder,
    InvalidArgument,
    StageError,
)
from tamis import stages as s

from .kinds import length

TEXTS = ["a", "bbb", "cc"]


def broken(query: str, documents: list[Any]) -> list[float]:
    raise ConnectionError("503 from the server")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([1.0, float("nan"), 2.0], "score of candidate 1 is nan"),
        ([1.0, 2.0, float("inf")], "score of candidate 2 is inf"),
        ([1.0, None, 2.0], "score of candidate 1 is nan"),
        ([1.0] * 4, "gave 4 scores for 3 candidates"),
        ("many", "no numbers"),
        (7.0, "one score a document"),
        (None, "one score a document"),
        (np.zeros((3, 2)), "one score a document"),
        ([[1.0], [2.0, 3.0]], "no numbers"),
    ],
    ids=str,
)
def test_scores_that_cannot_be_fail_the_stage(answer: Any, said: str) -> None:
    stage = s.callable(lambda query, documents: answer, keep=3, limit=3, name="odd")
    result = Cascade([stage]).run("q", TEXTS)
    assert [hit.index for hit in result.hits] == [0, 1, 2]
    assert result.trace.degraded
    assert said in (result.trace.stages[0].skipped or "")
    raising = s.callable(
        lambda query, documents: answer, keep=3, limit=3, on_error="raise", name="odd"
    )
    with pytest.raises(StageError, match=r"stage 1 'odd' failed: odd: ") as caught:
        Cascade([raising]).run("q", TEXTS)
    assert said in str(caught.value)
    assert caught.value.stage == "odd"


@pytest.mark.parametrize("answer", [np.float16([2, 3, 1]), (2, 3, 1), [[2], [3], [1]]], ids=str)
def test_scores_come_in_any_form(answer: Any) -> None:
    stage = s.callable(lambda query, documents: answer, keep=3, limit=3)
    assert [hit.index for hit in Cascade([stage]).run("q", TEXTS).hits] == [1, 0, 2]


def test_fewer_scores_are_those_of_the_first() -> None:
    stage = s.callable(lambda query, documents: [1.0, 2.0], keep=3, limit=3)
    result = Cascade([stage]).run("q", TEXTS)
    assert [hit.index for hit in result.hits] == [1, 0, 2]
    assert result.trace.stages[0].cut == "it stopped after 2 of 3 candidates"
    assert result.trace.degraded


@pytest.mark.parametrize("message", [None, "\udc80"])
def test_an_exception_whose_message_cannot_be_read_is_still_the_cause(message: str | None) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            if message is None:
                raise TypeError("no message")
            return message

    def mute(query: str, documents: list[Any]) -> list[float]:
        raise Mute

    skipped = Cascade([s.callable(mute, keep=3, limit=3)]).run("q", ["a"])
    assert skipped.trace.stages[0].errors == ["mute: Mute: (its message cannot be read)"]
    with pytest.raises(StageError) as caught:
        Cascade([s.callable(mute, keep=3, limit=3, on_error="raise")]).run("q", ["a"])
    assert isinstance(caught.value.__cause__, Mute)


def test_what_a_callback_raised_is_the_cause() -> None:
    stage = s.callable(broken, keep=3, limit=3, on_error="raise")
    with pytest.raises(StageError, match="ConnectionError: 503 from the server") as caught:
        Cascade([stage]).run("q", TEXTS)
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert caught.value.__cause__.__traceback__ is not None
    assert caught.value.stage == "broken"


def test_a_failing_stage_is_skipped_where_that_is_asked_for() -> None:
    result = Cascade([s.callable(broken, keep=2, limit=3)]).run("q", TEXTS)
    assert [hit.index for hit in result.hits] == [0, 1]
    assert result.trace.stages[0].errors == ["broken: ConnectionError: 503 from the server"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_failure_of_the_stage(interrupt: type[BaseException]) -> None:
    def stop(query: str, documents: list[Any]) -> list[float]:
        raise interrupt

    with pytest.raises(interrupt):
        Cascade([s.callable(stop, keep=3, limit=3)]).run("q", TEXTS)


def test_what_a_signal_handler_raises_is_no_failure_of_the_stage() -> None:
    class TimeIsUp(Exception):
        pass

    def stop(*_: object) -> None:
        raise TimeIsUp

    texts = [f"{place} " + "the answer is somewhere in here " * 8 for place in range(3000)]
    cascade = Cascade([s.rerank(CrossEncoder("tiny"), keep=3, limit=len(texts))])
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(TimeIsUp):
            cascade.run("where is the answer", texts)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("by", ["token", "Ctrl-C"])
def test_a_wait_before_a_retry_ends_when_the_run_is_cancelled(by: str) -> None:
    cancel, failed = CancelToken(), threading.Event()

    def fails(query: str, documents: list[Any]) -> list[float]:
        failed.set()
        raise ConnectionError

    def stop() -> None:
        failed.wait()
        cancel.cancel() if by == "token" else os.kill(os.getpid(), signal.SIGINT)

    stage = s.callable(fails, keep=3, limit=3, retries=1, backoff_ms=600_000)
    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Cancelled if by == "token" else KeyboardInterrupt):
        Cascade([stage]).run("q", TEXTS, cancel=cancel)
    stopper.join()


def test_a_stage_may_cancel_the_run() -> None:
    def stop(query: str, documents: list[Any]) -> list[float]:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        Cascade([s.callable(stop, keep=3, limit=3)]).run("q", TEXTS)


def test_retries_then_fallbacks() -> None:
    calls = []

    def flaky(query: str, documents: list[Any]) -> list[float]:
        calls.append(len(documents))
        if len(calls) < 3:
            raise TimeoutError
        return length(query, documents)

    stage = s.callable(flaky, keep=3, limit=3, retries=2, backoff_ms=1)
    result = Cascade([stage]).run("q", TEXTS)
    assert [hit.index for hit in result.hits] == [1, 2, 0]
    assert result.trace.stages[0].attempts == 3
    assert result.trace.stages[0].errors == ["flaky: TimeoutError"] * 2
    stage = s.callable(broken, keep=3, limit=3, fallback=[s.callable(length, keep=3)])
    result = Cascade([stage]).run("q", TEXTS)
    assert [hit.index for hit in result.hits] == [1, 2, 0]
    assert result.trace.stages[0].ran == "length"
    assert result.trace.degraded


def test_a_search_that_fails_is_tried_again_and_replaced() -> None:
    calls = []

    def search(query: str) -> list[str]:
        calls.append(query)
        raise OSError("no index")

    stage = s.retrieve(
        search, keep=3, retries=1, backoff_ms=1, fallback=[s.retrieve(lambda q: TEXTS, keep=3)]
    )
    result = Cascade([stage]).run("q")
    assert len(calls) == 2
    assert [hit.document for hit in result.hits] == TEXTS
    assert result.trace.degraded
    with pytest.raises(StageError, match="OSError: no index"):
        Cascade([s.retrieve(search, keep=3)]).run("q")
    alone = Cascade([s.retrieve(search, keep=3, on_error="skip")])
    with pytest.warns(CascadeWarning, match="failed and was left out"):
        assert alone.run("q").hits == []


def test_a_stage_that_keeps_failing_is_left_alone() -> None:
    cascade = Cascade([s.callable(broken, keep=3, limit=3, breaker=2, breaker_ms=60_000)])
    attempts = [cascade.run("q", TEXTS).trace.stages[0].attempts for _ in range(4)]
    assert attempts == [1, 1, 0, 0]


def test_the_breaker_counts_runs_and_not_attempts() -> None:
    stage = s.callable(
        broken, keep=3, limit=3, retries=2, backoff_ms=0, breaker=2, breaker_ms=60_000
    )
    cascade = Cascade([stage])
    attempts = [cascade.run("q", TEXTS).trace.stages[0].attempts for _ in range(3)]
    assert attempts == [3, 3, 0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tokens", -1),
        ("tokens", 1.5),
        ("truncated", None),
        ("dollars", float("nan")),
        ("dollars", "1"),
        ("warnings", "one"),
    ],
)
def test_what_is_told_with_scores_is_checked(field: str, value: Any) -> None:
    def told(query: str, documents: list[Any]) -> s.Scored:
        return s.Scored(length(query, documents), **{field: value})

    stage = Cascade([s.callable(told, keep=3, limit=3)]).run("q", TEXTS).trace.stages[0]
    assert (stage.skipped or "").startswith(f"told: InvalidArgument: {field} must be")


def test_a_similarity_that_is_no_number_fails_its_stage() -> None:
    odd: Any = lambda left, right: "much"  # noqa: E731
    result = Cascade([s.diversify(keep=2, similarity=odd)]).run("q", TEXTS)
    assert "must be real number, not str" in result.trace.stages[0].errors[0]
    assert len(result.hits) == 2


def test_diversify_stops_at_the_deadline() -> None:
    def slow(left: str, right: str) -> float:
        time.sleep(0.02)
        return 0.0

    result = Cascade([s.diversify(keep=50, similarity=slow)], budget_ms=50).run(
        "q", [str(i) for i in range(100)]
    )
    assert "the deadline came after" in (result.trace.stages[0].cut or "")
    assert result.trace.degraded
    assert len(result.hits) == 50


def test_a_failure_in_a_shared_call_is_the_failure_of_its_query_alone(model: Any) -> None:
    cascade = Cascade([s.rerank(model, keep=3, limit=3, on_truncation="error", on_error="raise")])
    fine = cascade.run_many(["a", "b"], [TEXTS, TEXTS])
    assert [len(result.hits) for result in fine] == [3, 3]
    long = "word " * 3000
    with pytest.raises(StageError, match="rerank"):
        cascade.run_many(["a", "b"], [TEXTS, [long]])
    skipping = Cascade([s.rerank(model, keep=3, limit=3, on_truncation="error")])
    good, bad = skipping.run_many(["a", "b"], [TEXTS, [long]])
    assert good.hits == fine[0].hits
    assert not good.trace.degraded
    assert bad.trace.degraded


def test_a_coroutine_function_is_no_stage() -> None:
    async def scores(query: str, documents: list[Any]) -> list[float]:
        return [0.0] * len(documents)

    class Late:
        async def __call__(self, query: str, documents: list[Any]) -> list[float]:
            return await scores(query, documents)

        async def search(self, query: str, count: int) -> list[str]:
            return []

    for make in (
        lambda: s.callable(scores, keep=3),
        lambda: s.callable(Late(), keep=3),
        lambda: s.retrieve(Late(), keep=3),
        lambda: s.retrieve(scores, keep=3),
    ):
        with pytest.raises(InvalidArgument, match="coroutine function"):
            make()
    hidden = Cascade([s.callable(lambda q, d: scores(q, d), keep=3, limit=3)])
    with pytest.warns(CascadeWarning, match="coroutine"):
        hidden.run("q", TEXTS)


def test_a_cancelled_task_inside_a_stage_is_its_failure() -> None:
    async def inner() -> None:
        task = asyncio.ensure_future(asyncio.sleep(5))
        task.cancel()
        await task

    def scores(query: str, documents: list[Any]) -> list[float]:
        asyncio.run(inner())
        return [0.0] * len(documents)

    cascade = Cascade([s.callable(scores, keep=3, limit=3)])
    with pytest.warns(CascadeWarning, match="CancelledError"):
        result = asyncio.run(cascade.arun("q", TEXTS))
    assert len(result.hits) == 3


def test_a_similarity_that_is_no_number_fails_the_stage() -> None:
    alike = s.diversify(keep=2, similarity=lambda a, b: float("nan"))
    with pytest.warns(CascadeWarning, match="the similarity of candidates 0 and 1 is nan"):
        Cascade([alike]).run("q", TEXTS)


def test_a_callback_may_keep_no_reference_and_leave_none() -> None:
    class Document:
        text = "x"

    import gc
    import weakref

    given = [Document() for _ in range(3)]
    seen = [weakref.ref(one) for one in given]
    cascade = Cascade([s.callable(lambda q, d: [0.0] * len(d), keep=1, limit=3)])
    result = cascade.run("q", given)
    with contextlib.suppress(StageError):
        Cascade([s.callable(broken, keep=1, limit=3, on_error="raise")]).run("q", given)
    del given
    gc.collect()
    assert [ref() is not None for ref in seen] == [True, False, False]
    del result
    gc.collect()
    assert seen[0]() is None


def test_names_are_checked() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'keeps'"):
        s.deduplicate(keep=3, keeps=4)  # type: ignore[call-arg]
    with pytest.raises(InvalidArgument, match="on_error 'explode'"):
        Cascade([s.deduplicate(keep=3, on_error="explode")])  # type: ignore[arg-type]
