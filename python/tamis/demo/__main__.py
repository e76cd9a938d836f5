"""python -m tamis.demo [--full]: reranks BM25's candidates for SciFact claims."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tamis.demo import report
from tamis.demo.collection import load_abstracts, load_claims, retrieve, sample
from tamis.demo.compare import compare
from tamis.demo.rerank import Scorer, default_scorer, measure_speed, rerank
from tamis.demo.sizing import DEPTHS, PATIENCE, TARGET_SECONDS, Plan, plan
from tamis.demo.terminal import Terminal


def run(score: Scorer, terminal: Terminal, full: bool, seconds: float) -> None:
    begin = time.perf_counter()
    claims, abstracts = load_claims(), load_abstracts()
    terminal.step(1, "BM25 finds candidates")
    candidates = sample(retrieve(claims, abstracts, DEPTHS[0]), seed=0)
    terminal.say(
        f"SciFact: {len(claims)} scientific claims, each to be checked against "
        f"{len(abstracts):,} abstracts. Indexed and searched in "
        f"{time.perf_counter() - begin:.1f} s."
    )

    terminal.step(2, "the cross-encoder reads each claim with each candidate")
    speed = measure_speed(score, candidates, min(3.0, seconds / 4))
    work = Plan(len(claims), DEPTHS[0]) if full else plan(speed, len(claims), seconds)
    terminal.say(
        f"This machine does about {speed:.0f} pairs/s: {work.claims} claims × {work.depth} "
        f"candidates = {work.pairs:,} pairs, about {work.pairs / speed:.0f} s."
    )
    result = rerank(
        score,
        candidates[: work.claims],
        work.depth,
        terminal.progress,
        limit_seconds=None if full else PATIENCE * seconds,
    )
    terminal.end_progress()
    report.cost(terminal, result)

    terminal.step(3, "before and after")
    comparison = compare(result)
    report.table(terminal, comparison)
    report.meaning(terminal, comparison, work.depth, len(claims))

    terminal.step(4, "one claim, side by side")
    report.side_by_side(terminal, comparison)
    terminal.write()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tamis.demo", description=__doc__)
    parser.add_argument(
        "--full",
        action="store_true",
        default=os.environ.get("FULL", "") not in ("", "0"),
        help="all 300 claims at depth 100 (also: FULL=1)",
    )
    parser.add_argument(
        "--seconds", type=float, default=TARGET_SECONDS, help="to spend on reranking (default: 60)"
    )
    arguments = parser.parse_args(argv)
    terminal = Terminal()
    terminal.write(
        terminal.style("tamis demo", "bold")
        + " · a reranker improves a real ranking; no torch, no network"
    )
    begin = time.perf_counter()
    score, description = default_scorer()
    seconds = time.perf_counter() - begin
    terminal.write(
        terminal.style(f"    the embedded default model, {description}: {seconds:.2f} s", "dim")
    )
    try:
        run(score, terminal, arguments.full, arguments.seconds)
    except KeyboardInterrupt:
        terminal.write("\nstopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
