"""One object, any threads: coroutines, cancelling, pools, fork, copies, pickles, Ctrl-C."""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import pools

PAIRS = [(f"query {i}", f"a passage about {i} and {i * i}") for i in range(40)]
# Different texts, so that nothing is computed once for all.
MANY = [(f"query {i}", f"{i} " + "word " * 250) for i in range(3000)]


def test_threads_equal_serial(model: Any) -> None:
    expected = model.predict(PAIRS)
    with ThreadPoolExecutor(16) as threads:
        for found in threads.map(lambda _: model.predict(PAIRS), range(64)):
            assert found.tobytes() == expected.tobytes()


def test_copies_and_pickles(model: Any) -> None:
    model.activation_fn = "tanh"
    model.max_seq_length = 40
    model.prompts = {"q": "query: "}
    expected = model.predict(PAIRS)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.predict(PAIRS).tobytes() == expected.tobytes()
        assert twin.max_seq_length == 40
        twin.prompts["d"] = "x"
    pickle.loads(pickle.dumps(tamis.CrossEncoder(model.path))).predict(PAIRS[:1])


def test_a_deep_copy_has_settings_of_its_own(model: Any) -> None:
    twin = copy.deepcopy(model)
    twin.prompts["x"] = "y"
    twin.activation_fn = "identity"
    assert "x" not in model.prompts
    assert model.score_space == "probability"


@pytest.mark.parametrize("workers", [1, 3, 50])
@pytest.mark.parametrize("chunk_size", [None, 1, 7, 1000])
def test_pools(model: Any, workers: int, chunk_size: int | None) -> None:
    expected = model.predict(PAIRS)
    pool = model.start_multi_process_pool(["cpu"] * workers)
    try:
        found = model.predict(PAIRS, pool=pool, chunk_size=chunk_size)
        ranked = model.rank("query 1", [d for _, d in PAIRS], pool=pool)
    finally:
        model.stop_multi_process_pool(pool)
    assert found.tobytes() == expected.tobytes()
    assert ranked == model.rank("query 1", [d for _, d in PAIRS])
    with pytest.raises(tamis.InvalidArgument, match="the pool was stopped"):
        model.predict(PAIRS, pool=pool)
    model.stop_multi_process_pool(pool)


def test_pool_arguments(model: Any) -> None:
    with pytest.raises(ValueError, match="chunk_size must be a positive integer, got 0"):
        model.predict(PAIRS, device=["cpu"], chunk_size=0)
    assert model.predict([], device=["cpu", "cpu"]).dtype == np.float64
    pool = model.start_multi_process_pool()
    assert len(pool["processes"]) >= 1
    model.stop_multi_process_pool(pool)


def test_coroutines(model: Any) -> None:
    async def all_of_them() -> Any:
        return await asyncio.gather(
            model.apredict(PAIRS),
            model.arank("query 1", [d for _, d in PAIRS], top_k=3),
            model.arank_many(["a", "b"], [["c", "d"], ["e"]]),
        )

    scores, hits, lists = asyncio.run(all_of_them())
    assert lists == model.rank_many(["a", "b"], [["c", "d"], ["e"]])
    assert scores.tobytes() == model.predict(PAIRS).tobytes()
    assert hits == model.rank("query 1", [d for _, d in PAIRS], top_k=3)


@pytest.mark.parametrize("name", ["predict", "rank", "rank_many"])
def test_coroutines_have_the_arguments_of_their_functions(name: str) -> None:
    own, awaited = getattr(tamis.CrossEncoder, name), getattr(tamis.CrossEncoder, f"a{name}")
    assert inspect.iscoroutinefunction(awaited)
    assert inspect.signature(awaited) == inspect.signature(own)
    assert awaited.__qualname__ == f"CrossEncoder.a{name}"
    late = tamis.LateInteraction
    assert inspect.signature(late.arank) == inspect.signature(late.rank)


def test_a_coroutine_calls_what_a_class_of_the_callers_has() -> None:
    class Mine(tamis.CrossEncoder):
        def rank(self, *args: Any, **arguments: Any) -> list[dict[str, Any]]:
            return super().rank(*args, **arguments)[::-1]

    found = asyncio.run(Mine("tiny").arank("who wrote Hamlet?", ["Shakespeare did.", "bananas"]))
    assert [hit["corpus_id"] for hit in found] == [1, 0]


def test_the_event_loop_goes_on(model: Any) -> None:
    async def worst_lag() -> float:
        work = asyncio.create_task(model.apredict(MANY[:600]))
        worst, last = 0.0, time.perf_counter()
        while not work.done():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            worst, last = max(worst, now - last), now
        await work
        return worst

    begin = time.perf_counter()
    lag = asyncio.run(worst_lag())
    # Far under the time of the work; the benchmark holds it to milliseconds.
    assert lag < max(0.1, (time.perf_counter() - begin) / 4)


def test_cancelling_a_task_stops_the_work(model: Any) -> None:
    # Half a minute of work on a fast machine: the last bound tells whether it went on.
    more = [(f"query {i}", f"{i} " + "word " * 250) for i in range(60_000)]

    async def cancelled() -> float:
        work = asyncio.create_task(model.apredict(more))
        await asyncio.sleep(0.1)
        begin = time.perf_counter()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        return time.perf_counter() - begin

    begin = time.perf_counter()
    assert asyncio.run(cancelled()) < 0.5  # asyncio.run also joins the worker thread
    assert time.perf_counter() - begin < 10


def test_a_token_cancels_from_another_thread(model: Any) -> None:
    token = tamis.CancelToken()
    threading.Timer(0.1, token.cancel).start()
    with pytest.raises(tamis.Cancelled):
        model.predict(MANY, cancel=token)
    assert token.cancelled


# One micro-batch of 16,000 tokens.
QUERIES, DOCUMENTS = [f"query {i}" for i in range(32)], [f"{i} " + "word " * 600 for i in range(32)]
IN_ONE = {"max_length": 512, "on_truncation": "allow", "max_batch_tokens": 10**6}


def test_a_token_cancels_within_a_micro_batch() -> None:
    native, token = tamis.CrossEncoder()._loaded.native, tamis.CancelToken()
    with pytest.raises(tamis.Cancelled):
        native.logits(
            QUERIES, DOCUMENTS, progress=lambda *_: token.cancel(), cancel=token, **IN_ONE
        )


def test_a_callback_may_score_in_the_middle_of_a_micro_batch() -> None:
    native = tamis.CrossEncoder()._loaded.native
    inner, seen = native.logits(["a"], ["some text"], **IN_ONE).logits, []

    def progress(done: int, total: int) -> None:
        if len(seen) < 5:
            seen.append(native.logits(["a"], ["some text"], **IN_ONE).logits.tobytes())

    found = native.logits(QUERIES, DOCUMENTS, progress=progress, **IN_ONE).logits
    assert found.tobytes() == native.logits(QUERIES, DOCUMENTS, **IN_ONE).logits.tobytes()
    assert set(seen) == {inner.tobytes()}
    assert len(seen) > 1


_INTERRUPTED = """
    import os, signal, threading, time, sys
    import tamis
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits "ignore"
    model = tamis.CrossEncoder(sys.argv[1])
    pairs = [(f"query {i}", f"{i} " + "word " * 400) for i in range(200000)]
    sent = []
    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Timer(2.0, interrupt).start()
    try:
        model.predict(pairs, **eval(sys.argv[2]))
    except KeyboardInterrupt:
        print("after", time.monotonic() - sent[0])
"""


def _python(code: str, *arguments: str, timeout: float = 120) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGINT"), reason="needs signals")
@pytest.mark.parametrize("options", ["{}", "{'device': ['cpu', 'cpu'], 'chunk_size': 100000}"])
def test_ctrl_c(model: Any, options: str) -> None:
    output = _python(_INTERRUPTED, model.path, options)
    assert float(output.split()[-1]) < 2.0  # "within a second", and room for a busy machine


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_what_fails_in_a_pool_stops_the_rest(failing: int) -> None:
    pool = pools.start([object()] * 2)  # type: ignore[list-item]
    ended = []

    def score(worker: Any, part: slice, watch: Any) -> None:
        if part.start == failing:
            raise ValueError("mine")
        try:
            for _ in range(2000):
                watch(0, 1)
                time.sleep(0.01 if failing < 2 else 0.0001)
        finally:
            ended.append(part.start)

    begin = time.perf_counter()
    with pytest.raises(ValueError, match="mine"):
        pools.map_chunks(pool, 4, 1, score)
    pool["input"].shutdown(wait=True)  # pools.stop wants models
    assert time.perf_counter() - begin < 10
    assert 3 not in ended or failing == 2


def test_scores_that_are_not_finite_are_told_of_all_chunks() -> None:
    pool = pools.start([object()] * 2)  # type: ignore[list-item]

    def score(worker: Any, part: slice, watch: Any) -> None:
        watch(0, 1)
        bad = [i for i in range(part.start, part.stop) if i in (1, 6, 7)]
        if bad:
            error = tamis.NonFiniteScore(f"NaN for {len(bad)} of 3 pairs, first for pair {bad[0]}!")
            error.indices = [i - part.start for i in bad]
            raise error

    with pytest.raises(tamis.NonFiniteScore) as caught:
        pools.map_chunks(pool, 8, 3, score)
    assert caught.value.indices == [1, 6, 7]
    assert str(caught.value) == "NaN for 3 of 8 pairs, first for pair 1!"
    pool["input"].shutdown(wait=True)


_FORKED = """
    import asyncio, os, sys
    import tamis
    model = tamis.CrossEncoder(sys.argv[1])
    pairs = [(f"query {i}", f"passage {i}") for i in range(50)]
    expected = asyncio.run(model.apredict(pairs))
    for _ in range(3):
        child = os.fork()
        if child == 0:
            found = [model.predict(pairs), asyncio.run(model.apredict(pairs))]
            same = all(one.tobytes() == expected.tobytes() for one in found)
            os._exit(0 if same else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert model.predict(pairs).tobytes() == expected.tobytes()
    print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_load(model: Any) -> None:
    assert _python(_FORKED, model.path).strip() == "done"


_SPAWNED = """
    import multiprocessing, sys
    import tamis

    def score(model):
        return model.predict([("a", "b")]).tolist()

    if __name__ == "__main__":
        model = tamis.CrossEncoder(sys.argv[1])
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.apply(score, (model,)) == score(model)
        print("done")
"""


def test_spawn(model: Any, tmp_path: Any) -> None:
    script = tmp_path / "spawned.py"
    script.write_text(textwrap.dedent(_SPAWNED))
    done = subprocess.run(
        [sys.executable, str(script), model.path],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "done", done.stderr
