"""Cascades in an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tamis import Cancelled, CancelToken, Cascade, CrossEncoder, awaiting
from tamis import stages as s

from .kinds import length


def test_the_loop_goes_on_while_a_stage_works() -> None:
    ticked = threading.Event()

    def waits(query: str, documents: list[Any]) -> list[float]:
        assert ticked.wait(30), "the event loop stood still"
        return length(query, documents)

    async def main() -> list[int]:
        cascade = Cascade([s.callable(waits, keep=3, limit=3, on_error="raise")])
        task = asyncio.create_task(cascade.arun("q", ["a", "bb"]))
        await asyncio.sleep(0.01)
        ticked.set()
        return [hit.index for hit in (await task).hits]

    assert asyncio.run(main()) == [1, 0]


def test_results_are_those_of_run(model: CrossEncoder) -> None:
    cascade = Cascade([s.rerank(model, keep=3, limit=3)])
    texts = ["Berlin is a city", "bananas", "Paris"]
    queries = [f"city {i}" for i in range(6)]

    async def main() -> tuple[list[Any], list[Any]]:
        single = await asyncio.gather(*(cascade.arun(query, texts) for query in queries))
        return single, await cascade.arun_many(queries, [texts] * 6)

    single, many = asyncio.run(main())
    alone = [cascade.run(query, texts).hits for query in queries]
    assert [result.hits for result in single] == alone
    assert [result.hits for result in many] == alone


async def cancel_once(begun: threading.Event, task: asyncio.Task[Any]) -> None:
    while not begun.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_cancelling_the_task_stops_the_work() -> None:
    calls: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def waits(query: str, documents: list[Any]) -> list[float]:
        calls.append(len(documents))
        begun.set()
        go_on.wait(30)
        return length(query, documents)

    async def main() -> None:
        stage = s.callable(waits, keep=9, limit=9, divisible=True, chunk=1)
        task = asyncio.create_task(Cascade([stage]).arun("q", list("abcdefghi")))
        await cancel_once(begun, task)
        go_on.set()

    asyncio.run(main())
    time.sleep(0.2)  # nobody waits for the thread; the next piece would begin at once
    assert calls == [1]


def test_calls_run_beside_each_other_and_beside_the_loops_own_threads() -> None:
    """A rerank of seconds must not keep a name from being resolved, which those threads do."""
    count = 24  # more than asyncio has threads on a machine of less than 20 cores
    together = threading.Barrier(count + 1)

    def waits(query: str, documents: list[Any]) -> list[float]:
        together.wait(30)
        return length(query, documents)

    async def main() -> None:
        cascade = Cascade([s.callable(waits, keep=2, limit=2, on_error="raise")])
        tasks = [asyncio.create_task(cascade.arun("q", ["a", "bb"])) for _ in range(count)]
        await asyncio.to_thread(together.wait, 30)
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_a_stage_may_run_a_loop_of_its_own() -> None:
    """As callers do whose function is a coroutine: more at once than a loop has threads."""
    inner = Cascade([s.callable(length, keep=2, limit=2)])

    def asks(query: str, documents: list[Any]) -> list[float]:
        asyncio.run(inner.arun(query, ["a"]))
        return length(query, documents)

    async def main() -> None:
        outer = Cascade([s.callable(asks, keep=2, limit=2, on_error="raise")])
        await asyncio.wait_for(asyncio.gather(*(outer.arun("q", ["a"]) for _ in range(40))), 60)

    asyncio.run(main())


def test_stages_may_wait_for_calls_on_the_same_loop(model: CrossEncoder) -> None:
    async def run() -> int:
        loop = asyncio.get_running_loop()

        def rerank(query: str, texts: list[str]) -> list[float]:
            pairs = [(query, text) for text in texts]
            call = asyncio.run_coroutine_threadsafe(model.apredict(pairs), loop)
            return [float(score) for score in call.result(30)]

        cascade = Cascade([s.callable(rerank, keep=2, limit=2, on_error="raise")])
        runs = [cascade.arun(f"{i}", ["a", "b"]) for i in range(100)]
        return len(await asyncio.gather(*runs))

    assert asyncio.run(run()) == 100


def test_a_wait_for_a_worker_takes_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "_MOST_AT_ONCE", 1)

    def slow(query: str, documents: list[Any]) -> list[float]:
        time.sleep(0.3)
        return length(query, documents)

    async def main() -> list[bool]:
        cascade = Cascade([s.callable(slow, keep=2, limit=2)], budget_ms=200)
        runs = await asyncio.gather(*(cascade.arun("q", ["a", "bb"]) for _ in range(2)))
        return [run.hits[0].score is None for run in runs]

    assert asyncio.run(main()) == [False, True]


def test_whatever_is_raised_comes_back() -> None:
    def stops(document: dict[str, str]) -> str:
        raise StopIteration

    async def main() -> None:
        cascade = Cascade([s.callable(length, keep=2, limit=2)])
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(cascade.arun("q", [{"id": "1"}], text=stops), 30)

    asyncio.run(main())


def test_a_call_that_finds_no_thread_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def waits(query: str, documents: list[Any]) -> list[float]:
        calls.append(query)
        begun.set()
        go_on.wait(30)
        return length(query, documents)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        cascade = Cascade([s.callable(waits, keep=2, limit=2)])
        first = asyncio.create_task(cascade.arun("first", ["a"]))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="can't start"):
                await cascade.arun("second", ["a"])
        go_on.set()
        await first
        await cascade.arun("third", ["a"])

    asyncio.run(main())
    assert calls == ["first", "third"]


def test_a_coroutine_that_is_closed_stops_its_work() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def waits(query: str, documents: list[Any]) -> list[float]:
        begun.set()
        time.sleep(0.02)
        return length(query, documents)

    def runs(cancel: CancelToken) -> None:
        cascade = Cascade([s.callable(waits, keep=99, limit=9999, divisible=True, chunk=1)])
        try:
            cascade.run("q", ["a"] * 3000, cancel=cancel)
        except Cancelled:
            stopped.set()

    loop = asyncio.new_event_loop()
    task = awaiting.run(runs)

    async def begins() -> None:
        task.send(None)
        while not begun.is_set():
            await asyncio.sleep(0.001)

    loop.run_until_complete(begins())
    task.close()
    assert stopped.wait(10)
    loop.close()


def test_a_stage_sees_the_callers_context() -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")
    seen: list[str] = []

    def looks(query: str, documents: list[Any]) -> list[float]:
        seen.append(who.get())
        return length(query, documents)

    async def main() -> None:
        who.set("me")
        await Cascade([s.callable(looks, keep=2, limit=2, on_error="raise")]).arun("q", ["a"])

    asyncio.run(main())
    assert seen == ["me"]


def test_a_cancelled_task_leaves_the_others_of_its_token_alone() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waits(query: str, documents: list[Any]) -> list[float]:
        if query == "slow":
            begun.set()
            go_on.wait(30)
        return length(query, documents)

    async def main() -> Any:
        token = CancelToken()
        cascade = Cascade([s.callable(waits, keep=2, limit=9)])
        slow = asyncio.create_task(cascade.arun("slow", ["a", "bb"], cancel=token))
        await cancel_once(begun, slow)
        go_on.set()
        assert not token.cancelled
        found = await cascade.arun("quick", ["a", "bb"], cancel=token)
        token.cancel()
        with pytest.raises(Cancelled):
            await cascade.arun("late", ["a", "bb"], cancel=token)
        return found

    assert len(asyncio.run(main()).hits) == 2


def test_long_lists_leave_the_gil_to_others() -> None:
    """Nobody takes the GIL by force here: another thread goes on only where it is handed over."""
    ticks = 0
    when_read: list[int] = []
    when_scored: list[int] = []

    def text(document: dict[str, str]) -> str:
        when_read.append(ticks)
        return document["body"]

    def score(query: str, documents: list[Any]) -> range:
        when_scored.append(ticks)
        return range(len(documents))

    count = 20_000
    cascade = Cascade([s.callable(score, keep=count, limit=count)])
    given = [{"id": str(i), "body": f"text {i}"} for i in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(cascade.run, "q", given, text=text)
            while not run.done():
                time.sleep(1e-5)
                ticks += 1
    finally:
        sys.setswitchinterval(interval)
    assert len(run.result().hits) == count
    assert when_read[-1] - when_read[0] > 10, "it kept the GIL while it read the candidates"
    assert ticks - when_scored[0] > 10, "it kept the GIL while it made the result"


def test_a_model_stops_within_a_micro_batch(model: CrossEncoder) -> None:
    """The last piece is never begun: the token stops the model, not only the cascade."""
    from tamis import CancelToken

    token = CancelToken()
    texts = ["some words of a passage " * 40] * 400
    cascade = Cascade([s.rerank(model, keep=9, limit=400, chunk=400)])
    texts = [f"{i} {text}" for i, text in enumerate(texts)]
    timer = threading.Timer(0.2, token.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        cascade.run("q", texts, cancel=token)
    timer.join()
