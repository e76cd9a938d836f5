"""Cascades: is a stage's time foreseen, does the event loop go on, what does company save?

    python benchmarks/python/cascade.py [--runs 30]

Claims and abstracts are the demo's. The first line names the processor. Costs: each run sees
another claim and another number of candidates, and what a stage expected is compared with what it
took. Event loop: how late it wakes a task while cascades run in its threads, and, since an engine
takes all cores, while another process does the same work.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from late_interaction import processor
from tamis import Cascade, CrossEncoder, LateInteraction
from tamis import stages as s
from tamis.demo.collection import load_abstracts, load_claims

WARM = 6  # runs that the cost model learns from before it is judged


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


async def beats(work: Callable[[], object]) -> list[float]:
    """How late, in ms, the event loop woke a task that sleeps 1 ms, while `work` went on."""
    late: list[float] = []
    done = asyncio.Event()

    async def heart() -> None:
        while not done.is_set():
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(1e3 * (time.perf_counter() - start) - 1)

    beating = asyncio.create_task(heart())
    await work()  # type: ignore[misc]
    done.set()
    await beating
    return late


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    model = CrossEncoder()
    print(f"{processor()}, {model.description}")
    texts = [abstract.text for abstract in load_abstracts()]
    queries = [claim.text for claim in load_claims()]
    late = LateInteraction(cache_bytes=0)  # each passage is encoded, each time
    for name, stage in {
        "rerank": s.rerank(model, keep=25, limit=25),
        "late interaction, nothing cached": s.late_interaction(late, keep=25, limit=25),
    }.items():
        off = off_by(Cascade([stage]), queries, texts, runs)
        print(
            f"cost of {name}: expected and real differ by {statistics.median(off):.1f} % at the "
            f"median, {share(off, 0.9):.1f} % at p90, {len(off)} runs of 5 to 25 candidates"
        )
    cascade = Cascade([s.rerank(model, keep=10, limit=60)])
    lists = [[text[:60] for text in random.sample(texts, 4)] for _ in range(64)]
    asked = [random.choice(queries) for _ in lists]

    async def together() -> None:
        await asyncio.gather(*(cascade.arun(query, texts[:10]) for query in asked[:8]))

    many = [f"{i} {text}" for i, text in enumerate(texts[:1000])]
    wide = Cascade([s.callable(lambda q, d: range(len(d)), keep=1000, limit=1000)])

    async def in_turn() -> None:
        for _ in range(20):
            await wide.arun("q", many)

    async def elsewhere() -> None:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(pool, rerank_elsewhere, asked[:8], texts[:10])

    for name, work in {
        "8 arun at once": together,
        "another process": elsewhere,
        "1,000 candidates through a function": in_turn,
    }.items():
        gaps = asyncio.run(beats(work))
        print(
            f"event loop, {name}: late by {statistics.median(gaps):.2f} ms at the median, "
            f"{share(gaps, 0.99):.2f} ms at p99, {max(gaps):.2f} ms at most, {len(gaps)} beats"
        )
    rounds = []
    for _ in range(5):
        alone = seconds(lambda: [cascade.run(*one) for one in zip(asked, lists, strict=True)])
        rounds.append(alone / seconds(lambda: cascade.run_many(asked, lists)))
    print(
        f"run_many, 64 queries of 4 short candidates: {statistics.median(rounds):.2f} times as "
        f"fast as a loop over run ({min(rounds):.2f}-{max(rounds):.2f})"
    )
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
