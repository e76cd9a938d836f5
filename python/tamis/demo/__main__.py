"""python -m tamis.demo [--full]: reranks candidates for SciFact claims, then runs a cascade."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tamis.demo import funnel, report
from tamis.demo.collection import (
    Abstract,
    Candidates,
    Claim,
    load_abstracts,
    load_claims,
    retrieve,
    sample,
)
from tamis.demo.compare import compare
from tamis.demo.rerank import Scorer, default_scorer, measure_speed, rerank
from tamis.demo.sizing import DEPTHS, PATIENCE, TARGET_SECONDS, Plan, plan
from tamis.demo.terminal import Terminal


def first_stage(
    terminal: Terminal, claims: list[Claim], abstracts: list[Abstract]
) -> list[Candidates]:
    begin = time.perf_counter()
    terminal.step(1, "BM25 finds candidates")
    candidates = retrieve(claims, abstracts, DEPTHS[0])
    terminal.say(
        f"SciFact: {len(claims)} scientific claims, each to be checked against "
        f"{len(abstracts):,} abstracts. Indexed and searched in "
        f"{time.perf_counter() - begin:.1f} s."
    )
    return candidates


def run(
    score: Scorer, terminal: Terminal, candidates: list[Candidates], full: bool, seconds: float
) -> None:
    terminal.step(2, "the embedded model scores each claim with each candidate")
    speed = measure_speed(score, candidates, min(3.0, seconds / 4))
    work = Plan(len(candidates), DEPTHS[0]) if full else plan(speed, len(candidates), seconds)
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
    report.meaning(terminal, comparison, work.depth, len(candidates))

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
    parser.add_argument("--only", choices=("rerank", "cascade"), help="one half of it")
    arguments = parser.parse_args(argv)
    terminal = Terminal()
    terminal.write(
        terminal.style("tamis demo", "bold")
        + " · a reranker improves a real ranking; no torch, no network"
    )
    claims, abstracts = sample(load_claims(), seed=0), load_abstracts()
    try:
        if arguments.only != "cascade":
            begin = time.perf_counter()
            score, description = default_scorer()
            seconds = time.perf_counter() - begin
            terminal.write(
                terminal.style(
                    f"    the embedded default model, {description}: {seconds:.2f} s", "dim"
                )
            )
            candidates = first_stage(terminal, claims, abstracts)
            run(score, terminal, candidates, arguments.full, arguments.seconds)
        if arguments.only != "rerank":
            scale = arguments.seconds / TARGET_SECONDS
            funnel.run(terminal, claims, abstracts, arguments.full, scale)
            terminal.write()
    except KeyboardInterrupt:
        terminal.write("\nstopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
