"""Cascades: is a stage's time foreseen, does the event loop go on, what does company save?

    python benchmarks/python/cascade.py [--runs 30]

Claims and abstracts are the demo's. The first line names the processor. Costs: each run sees
another claim and another number of candidates, and what a stage expected is compared with what it
took. Event loop: how late it wakes a task while nothing else happens, while cascades run in its
threads, and, since an engine takes all cores, while another process does the same work; what of
that it did not wait for a core (Linux), which is what it waited for the GIL. The collector passes
over what was there before, as in a server that called `gc.freeze()` when it was ready.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from late_interaction import processor
from tamis import Cascade, CrossEncoder, Index, LateInteraction
from tamis import stages as s
from tamis.demo.collection import load_abstracts, load_claims

WARM = 6  # runs that the cost model learns from before it is judged
TURNS = 10  # of eight runs at once: the rare late beat is what matters


def off_by(cascade: Cascade, queries: list[str], texts: list[str], runs: int) -> list[float]:
    """|expected - real| / real of the first stage, in per cent, for each run after the first."""
    random.seed(7)
    found = []
    for run in range(runs + WARM):
        some = random.sample(texts, random.randint(5, 25))
        stage = cascade.run(queries[run % len(queries)], some).trace.stages[0]
        if run >= WARM and stage.predicted_ms is not None:
            found.append(100 * abs(stage.predicted_ms - stage.real_ms) / stage.real_ms)
    return found


def waited_for_a_core() -> float:
    """This thread, ms in all. 0 where the kernel does not say."""
    told = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return int(told.read_text().split()[1]) * 1e-6 if told.exists() else 0.0


async def beats(work: Callable[[], object]) -> tuple[list[float], list[float]]:
    """How late, in ms, the event loop woke a task that sleeps 1 ms, while `work` went on; and the
    same without what its thread waited for a core."""
    late: list[float] = []
    own: list[float] = []
    done = asyncio.Event()

    async def heart() -> None:
        while not done.is_set():
            waited, start = waited_for_a_core(), time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(1e3 * (time.perf_counter() - start) - 1)
            own.append(late[-1] - (waited_for_a_core() - waited))

    beating = asyncio.create_task(heart())
    await work()  # type: ignore[misc]
    done.set()
    await beating
    return late, own


def share(values: list[float], part: float) -> float:
    """The value that this part of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def rerank_elsewhere(queries: list[str], texts: list[str]) -> None:
    cascade = Cascade([s.rerank(CrossEncoder(), keep=10, limit=60)])
    with ThreadPoolExecutor(len(queries)) as pool:
        list(pool.map(lambda query: cascade.run(query, texts), queries))


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def company(
    name: str,
    cascade: Cascade,
    queries: list[str],
    texts: list[str] | None,
    sizes: dict[int, int],
) -> None:
    """How much faster `run_many` is than a loop; every query is new, and no text where None."""
    fresh = itertools.count()
    for count, candidates in sizes.items():
        rounds = []
        for _ in range(5):
            asked = [[f"{query} {next(fresh)}" for query in queries[:count]] for _ in range(2)]
            lists = [random.sample(texts, candidates) for _ in range(count)] if texts else None
            each = [(one,) for one in lists] if lists else [()] * count
            alone = seconds(
                lambda a=asked[0], e=each: [
                    cascade.run(query, *own) for query, own in zip(a, e, strict=True)
                ]
            )
            rounds.append(alone / seconds(lambda a=asked, b=lists: cascade.run_many(a[1], b)))
        print(
            f"run_many, {name}, {count} queries of {candidates}: {statistics.median(rounds):.2f} "
            f"times as fast as a loop over run ({min(rounds):.2f}-{max(rounds):.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    model = CrossEncoder()
    print(f"{processor()}, {model.description}")
    texts = [abstract.text for abstract in load_abstracts()]
    queries = [claim.text for claim in load_claims()]
    encodes = LateInteraction(cache_bytes=0)  # each passage is encoded, each time
    for name, stage in {
        "rerank": s.rerank(model, keep=25, limit=25),
        "late interaction, nothing cached": s.late_interaction(encodes, keep=25, limit=25),
    }.items():
        off = off_by(Cascade([stage]), queries, texts, runs)
        print(
            f"cost of {name}: expected and real differ by {statistics.median(off):.1f} % at the "
            f"median, {share(off, 0.9):.1f} % at p90, {len(off)} runs of 5 to 25 candidates"
        )
    cascade = Cascade([s.rerank(model, keep=10, limit=60)])
    asked = queries[:8]
    gc.collect()
    gc.freeze()

    async def together() -> None:
        for _ in range(TURNS):
            await asyncio.gather(*(cascade.arun(query, texts[:10]) for query in asked))

    many = [{"id": str(i), "text": texts[i % len(texts)]} for i in range(5000)]
    wide = Cascade([s.callable(lambda q, d: range(len(d)), keep=5000, limit=5000)])

    async def in_turn(count: int) -> None:
        for _ in range(20000 // count):
            await wide.arun("q", many[:count])

    pool = ProcessPoolExecutor(1, get_context("spawn"))
    pool.submit(rerank_elsewhere, asked[:1], texts[:1]).result()  # starting one takes 30 ms

    async def elsewhere() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(TURNS):
            await loop.run_in_executor(pool, rerank_elsewhere, asked, texts[:10])

    for name, work in {
        "nothing else": lambda: asyncio.sleep(8),
        "8 arun at once": together,
        "another process": elsewhere,
        "1,000 candidates through a function": lambda: in_turn(1000),
        "5,000 candidates through a function": lambda: in_turn(5000),
    }.items():
        late, own = asyncio.run(beats(work))
        print(
            f"event loop, {name}: late by {statistics.median(late):.2f} ms at the median, "
            f"{share(late, 0.99):.2f} ms at p99, {max(late):.2f} ms at most; while it had a core, "
            f"{share(own, 0.99):.2f} ms at p99, {max(own):.2f} ms at most; {len(late)} beats"
        )
    pool.shutdown()
    short = [text[:60] for text in texts]
    company("rerank, short texts", cascade, queries, short, {64: 4, 16: 25})
    company("rerank, abstracts", cascade, queries, texts, {16: 1, 8: 5})
    kept = LateInteraction()
    kept.encode_passages(texts[:300], on_truncation="ignore")
    meshes = Cascade([s.late_interaction(kept, keep=5, limit=60)])
    company("late interaction, kept passages", meshes, queries, texts[:300], {16: 5, 64: 25})
    index = Index.build(texts[:300], on_truncation="ignore")
    company("index", Cascade([s.retrieve(index, keep=25)]), queries, None, {16: 25, 64: 25})
    free = Cascade(
        [
            s.callable(lambda q, d: range(len(d)), keep=keep, limit=200, name=f"to {keep}")
            for keep in (100, 25, 8)
        ]
    )
    took = [1e6 * seconds(lambda: free.run("q", texts[:200])) for _ in range(300)]
    print(f"a run of 200 candidates through three functions: {statistics.median(took):.0f} µs")


if __name__ == "__main__":
    main()
