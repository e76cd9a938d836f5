"""The tables and sentences at the end of the demo."""

from __future__ import annotations

from tamis.demo.collection import Abstract, Candidates
from tamis.demo.compare import METRICS, Comparison, Row, tally
from tamis.demo.rerank import Result
from tamis.demo.terminal import Terminal, clip
from tamis.eval import Interval

_TITLES = {"ndcg@10": "nDCG@10", "mrr@10": "MRR@10", "recall@10": "recall@10"}
_SHOWN = 5


def _interval(gain: Interval) -> str:
    return f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]".replace("-", "−")


def table(terminal: Terminal, comparison: Comparison) -> None:
    header = f"    {'':<20}" + "".join(f"{_TITLES[name]:>10}" for name in METRICS)
    terminal.write()
    terminal.write(terminal.style(header + "   nDCG@10 gain over BM25, 95 % interval", "dim"))
    for row in comparison.rows:
        line = f"    {row.name:<20}" + "".join(f"{row.mean(name):>10.3f}" for name in METRICS)
        if row is not comparison.rows[0]:
            gain = row.gains["ndcg@10"]
            colour = "green" if gain.low > 0 else "red" if gain.high < 0 else "dim"
            line += "   " + terminal.style(_interval(gain), colour)
        terminal.write(line)
    terminal.write()


def _verdict(row: Row, claims: int) -> str:
    gain = row.gains["ndcg@10"]
    if gain.low > 0:
        return f"{row.name}: better than BM25; the interval excludes 0."
    if gain.high < 0:
        return f"{row.name}: worse than BM25; the interval excludes 0."
    return (
        f"{row.name}: the interval includes 0, so on these {claims} claims the difference to BM25 "
        "could be luck."
    )


def meaning(terminal: Terminal, comparison: Comparison, depth: int, all_claims: int) -> None:
    claims = len(comparison.candidates)
    for row in comparison.rows[1:]:
        terminal.say(_verdict(row, claims))
    terminal.say(
        "The interval says how the gain would vary with other claims like these: paired bootstrap, "
        "10,000 resamples."
    )
    terminal.say(
        f"Reranking only reorders. BM25's {depth} candidates hold {comparison.recall:.1%} of the "
        f"relevant abstracts; their best order would have nDCG@10 {comparison.ceiling:.3f}."
    )
    terminal.say(
        "The model was trained with SciFact's training claims and their abstracts, never with "
        "these claims: expect less of it on texts of another kind."
    )
    if claims < all_claims:
        terminal.say(
            f"These are {claims} of {all_claims} claims, a random sample (seed 0) of a size that "
            "fits this machine. FULL=1 takes all."
        )


def cost(terminal: Terminal, result: Result) -> None:
    pairs = max(result.pairs, 1)
    seconds = max(result.seconds, 1e-9)
    terminal.say(
        f"{result.pairs:,} pairs in {result.seconds:.1f} s: {result.pairs / seconds:.0f} pairs/s, "
        f"{result.tokens / seconds:,.0f} tokens/s, {result.tokens / pairs:.0f} tokens a pair."
    )
    share = result.tokens_cut / max(result.tokens + result.tokens_cut, 1)
    terminal.say(
        f"{result.pairs_cut:,} of {result.pairs:,} pairs ({result.pairs_cut / pairs:.1%}) were "
        f"longer than the model reads; {result.tokens_cut:,} tokens at their ends ({share:.1%} of "
        "all) went unread. on_truncation='window' reads them too."
    )


def _cell(abstract: Abstract, place: int, found: Candidates, width: int) -> str:
    mark = "✓" if found.claim.relevant.get(abstract.id, 0) > 0 else " "
    return f"{place:>2} {mark} {clip(abstract.title, width - 5)}".ljust(width)


def side_by_side(terminal: Terminal, comparison: Comparison) -> None:
    """The claim that gained most, said as such, beside how many did not."""
    counts = tally(comparison)
    found = comparison.candidates[counts.most_gained]
    before, after = (row.rankings[counts.most_gained] for row in comparison.rows[:2])
    terminal.say(
        f"nDCG@10 rises on {counts.better} claims, falls on {counts.worse} and stays on "
        f"{counts.equal}. The one that gains most, with its relevant abstracts marked ✓:"
    )
    terminal.write()
    terminal.write("    " + terminal.style(clip(found.claim.text, terminal.width - 4), "bold"))
    width = (terminal.width - 4 - 3) // 2
    values = [row.values["ndcg@10"][counts.most_gained] for row in comparison.rows[:2]]
    heads = [f"BM25 (nDCG@10 {values[0]:.2f})", f"reranked (nDCG@10 {values[1]:.2f})"]
    terminal.write(terminal.style(f"    {heads[0]:<{width}} │ {heads[1]}", "dim"))
    for place in range(min(_SHOWN, len(before))):
        cells = []
        for ranking in (before, after):
            relevant = found.claim.relevant.get(ranking[place].id, 0) > 0
            cell = _cell(ranking[place], place + 1, found, width)
            cells.append(terminal.style(cell, "green") if relevant else cell)
        terminal.write("    " + " │ ".join(cells))
    for name, ranking in (("BM25", before), ("the model", after)):
        places = [i + 1 for i, a in enumerate(ranking) if found.claim.relevant.get(a.id, 0) > 0]
        if places and places[0] > _SHOWN:
            terminal.say(f"{name} has the first relevant abstract at place {places[0]}.")
    if counts.worse:
        lost = comparison.candidates[counts.most_lost]
        fall = [row.values["ndcg@10"][counts.most_lost] for row in comparison.rows[:2]]
        terminal.write()
        terminal.say(
            f"The one that loses most, {fall[0]:.2f} → {fall[1]:.2f}: "
            f"“{clip(lost.claim.text, terminal.width)}”"
        )
