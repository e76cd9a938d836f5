"""What the demo, and benchmarks/python/cascade_quality.py, say of the cascade."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from tamis.demo.cascade import Point, StageRow
from tamis.demo.terminal import Terminal
from tamis.eval import Interval, paired_bootstrap
from tamis.retrieval import Fusion


def _interval(gain: Interval) -> str:
    return f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]".replace("-", "−")


def stage_table(terminal: Terminal, rows: Mapping[Fusion, Sequence[StageRow]]) -> None:
    """A block for each fusion."""
    head = f"    {'after':<18}{'keeps':>7}{'recall':>9}{'nDCG@10':>10}{'ms':>9}"
    terminal.write()
    for fusion, own in rows.items():
        terminal.write(terminal.style(head + f"   fusion: {fusion}", "dim"))
        for row in own:
            terminal.write(
                f"    {row.name:<18}{row.kept:>7.0f}{np.mean(row.recall):>9.3f}"
                f"{np.mean(row.ndcg):>10.3f}{row.ms:>9.1f}"
            )
        terminal.write()


def what_stages_add(terminal: Terminal, rows: Sequence[StageRow]) -> None:
    """nDCG@10 after each stage against the one before, with its paired interval."""
    gains = [
        f"{row.name} {_interval(paired_bootstrap(before.ndcg, row.ndcg))}"
        for before, row in itertools.pairwise(rows)
    ]
    terminal.say(
        f"What a stage adds to nDCG@10, over {len(rows[0].ndcg)} queries: {', '.join(gains)}."
    )


def _winner(name: str, rrf: Sequence[float], union: Sequence[float]) -> str:
    gain = paired_bootstrap(list(rrf), list(union))
    if gain.low > 0:
        verdict = "union wins"
    elif gain.high < 0:
        verdict = "RRF wins"
    else:
        verdict = "neither wins, the interval includes 0"
    return f"{name}: {verdict} (union − RRF {_interval(gain)})."


def verdict(
    terminal: Terminal,
    wide: Mapping[Fusion, Sequence[StageRow]],
    deep: Mapping[Fusion, Sequence[StageRow]],
) -> None:
    """`wide`: of all queries, before the cross-encoder; `deep`: of those that it read for."""
    terminal.say(
        f"RRF or union, over {len(wide['rrf'][0].ndcg)} queries before the cross-encoder and "
        f"{len(deep['rrf'][0].ndcg)} after it:"
    )
    rrf, union = wide["rrf"], wide["union"]
    terminal.say(_winner("recall of what was retrieved", rrf[0].recall, union[0].recall))
    terminal.say(_winner("nDCG@10 of what was retrieved", rrf[0].ndcg, union[0].ndcg))
    terminal.say(_winner("recall after late interaction", rrf[1].recall, union[1].recall))
    terminal.say(
        _winner("nDCG@10 after the cross-encoder", deep["rrf"][-1].ndcg, deep["union"][-1].ndcg)
    )


def budget_table(terminal: Terminal, points: Mapping[Fusion, Sequence[Point]]) -> None:
    """nDCG@10, time and cross-encoded candidates at each budget."""
    terminal.write()
    for fusion, own in points.items():
        head = f"    {'budget':>9}{'nDCG@10':>10}{'mean ms':>10}{'longest':>10}{'read':>7}"
        terminal.write(terminal.style(head + f"   fusion: {fusion}", "dim"))
        for point in own:
            terminal.write(
                f"    {point.budget_ms:>6.0f} ms{np.mean(point.ndcg):>10.3f}"
                f"{np.mean(point.ms):>10.0f}{max(point.ms):>10.0f}{point.read:>7.1f}"
            )
        terminal.write()


def curves(points: Mapping[Fusion, Sequence[Point]]) -> dict[str, list[tuple[float, float]]]:
    """Of the plot."""
    names = {"rrf": "RRF", "union": "union"}
    return {
        names[fusion]: [(point.budget_ms, float(np.mean(point.ndcg))) for point in own]
        for fusion, own in points.items()
    }
