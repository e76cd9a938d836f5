"""The demo's second half: an index, three stages, five budgets, a plot."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tamis.demo import cascade, cascade_report, plot
from tamis.demo.collection import Abstract, Claim
from tamis.demo.terminal import Terminal
from tamis.errors import RetrievalError
from tamis.retrieval import Index

INDEX_SECONDS, RUN_SECONDS, FUSION_SECONDS = 40.0, 120.0, 30.0
PLOT = Path("tamis-demo.svg")


def run(
    terminal: Terminal,
    claims: Sequence[Claim],
    abstracts: Sequence[Abstract],
    full: bool,
    scale: float = 1.0,
    path: Path = PLOT,
) -> None:
    """`claims` in a random order; `scale` multiplies the time to spend."""
    from tamis import CrossEncoder

    terminal.step(5, "a cascade: retrieve → late interaction → cross-encode")
    try:
        index = _index(terminal, claims, abstracts, full, INDEX_SECONDS * scale)
    except RetrievalError as error:
        terminal.say(f"Left out: {error}.")
        return
    model = CrossEncoder(precision="auto")
    count = len(claims)
    if not full:
        count = cascade.claims_that_fit(index, model, claims, RUN_SECONDS * scale)
    some = claims[:count]
    terminal.say(
        f"BM25 and dense vectors retrieve {cascade.KEEPS[0]}, late interaction (tiny) keeps "
        f"{cascade.KEEPS[1]}, the cross-encoder ({model.description}) orders {cascade.KEEPS[2]}: "
        + (f"all {count} claims." if full else f"{count} claims fit this machine.")
    )
    deep = {how: cascade.after_each_stage(index, model, some, how) for how in cascade.FUSIONS}
    cascade_report.stage_table(terminal, deep)
    cascade_report.what_stages_add(terminal, deep["rrf"])
    # Before the cross-encoder a claim costs little: more of them tell the fusions apart.
    first, second = deep["rrf"][:2]
    each = len(cascade.FUSIONS) * (2 * first.ms + second.ms) / 1e3
    more = len(claims) if full else max(count, int(FUSION_SECONDS * scale / each))
    wide = {
        how: cascade.after_each_stage(index, model, claims[:more], how, depth=2)
        for how in cascade.FUSIONS
    }
    cascade_report.verdict(terminal, wide, deep)

    terminal.step(6, "the same inside a time budget")
    points = {how: cascade.inside_budgets(index, model, some, how) for how in cascade.FUSIONS}
    cascade_report.budget_table(terminal, points)
    title = f"SciFact: {count} claims, {len(index):,} abstracts"
    curves = cascade_report.curves(points)
    plot.write(path, title, curves, "budget, ms", "nDCG@10")
    terminal.say(
        "The cascade predicts what fits and stops in time: the cross-encoder reads fewer "
        f"candidates, and the others keep their order. Plotted in {path}."
    )


def _index(
    terminal: Terminal,
    claims: Sequence[Claim],
    abstracts: Sequence[Abstract],
    full: bool,
    seconds: float,
) -> Index:
    begin = time.perf_counter()
    count = len(abstracts)
    if not full:
        fits = int(cascade.indexing_speed(abstracts) * seconds)
        count = min(max(fits, cascade.FEWEST_ABSTRACTS), len(abstracts))
    documents = cascade.part_of(abstracts, claims, count)
    index = cascade.build_index(documents, terminal.counter("abstracts"))
    terminal.end_progress()
    what = f"All {count:,}" if count == len(abstracts) else f"{count:,} of {len(abstracts):,}"
    terminal.say(
        f"{what} abstracts were indexed in {time.perf_counter() - begin:.0f} s, their first "
        f"{cascade.PASSAGE_TOKENS} tokens"
        + ("." if count == len(abstracts) else ": those that are relevant, and others at random.")
    )
    return index
