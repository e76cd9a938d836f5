"""Asks a judge for the judgements that are missing, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from tamis.errors import InvalidArgument
from tamis.judging.ledger import Ledger
from tamis.judging.pairs import Pair
from tamis.remote import Judge, Judgement

Progress = Callable[[int, int], None]  # pairs done, of how many
_MOST_FAILURES = 10  # in a row: the server is away, or the key is wrong


@dataclass
class Summary:
    """What a job did."""

    known: int = 0  # pairs that were judged before
    judged: int = 0
    failed: int = 0  # no answer came; the next run asks again
    stopped: str = ""  # why not all pairs were asked for
    error: str = ""  # the latest


def label(
    judge: Judge,
    pairs: Sequence[Pair],
    ledger: Ledger,
    *,
    workers: int = 8,
    budget_dollars: float | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Adds to the ledger what it lacks; a job that was stopped goes on when it is called again.

    `workers` requests are under way at once; a job that is killed loses those and no more.
    `budget_dollars`, of all that the ledger has: none is begun once it is spent. `again`: asks once
    more where the model gave no grade. Ends early, and says so, after ten failures in a row and at
    Ctrl-C, when what is under way has come. Throws InvalidArgument.
    """
    if workers < 1:
        raise InvalidArgument(f"workers must be at least 1, got {workers}")
    missing = ledger.missing(pairs, again=again)
    summary = Summary(known=len(pairs) - len(missing))
    job = _Job(judge, ledger, summary, budget_dollars)
    with ThreadPoolExecutor(workers) as pool:
        try:
            for pair, judgement in job.answers(pool, workers, missing):
                job.take(pair, judgement)
                if progress is not None:
                    progress(summary.judged + summary.failed, len(missing))
        except KeyboardInterrupt:
            summary.stopped = "interrupted"
            for future, pair in job.under_way.items():
                if ledger.missing([pair], again=again):
                    job.take(pair, future.result())
    return summary


class _Job:
    def __init__(
        self, judge: Judge, ledger: Ledger, summary: Summary, budget_dollars: float | None
    ) -> None:
        self._judge = judge
        self._ledger = ledger
        self._summary = summary
        self._budget = budget_dollars
        self._failures = 0  # in a row
        self.under_way: dict[Future[Judgement], Pair] = {}

    def answers(
        self, pool: ThreadPoolExecutor, workers: int, pairs: Sequence[Pair]
    ) -> Iterator[tuple[Pair, Judgement]]:
        """As they come, until the job is to stop."""
        waiting = iter(pairs)
        while True:
            while len(self.under_way) < workers and (pair := self._next(waiting)):
                self.under_way[pool.submit(self._ask, pair)] = pair
            if not self.under_way:
                return
            for done in wait(self.under_way, return_when=FIRST_COMPLETED).done:
                yield self.under_way[done], done.result()
                del self.under_way[done]  # only now: what is interrupted is taken once more

    def _ask(self, pair: Pair) -> Judgement:
        return self._judge.grade(pair.query, [pair.passage])[0]

    def _next(self, waiting: Iterator[Pair]) -> Pair | None:
        if self._failures >= _MOST_FAILURES:
            self._summary.stopped = f"{self._failures} failures in a row"
        elif self._budget is not None and self._ledger.dollars >= self._budget:
            self._summary.stopped = f"the budget of {self._budget:g} dollars is spent"
        else:
            return next(waiting, None)
        return None

    def take(self, pair: Pair, judgement: Judgement) -> None:
        """An answer, even one without a grade, was paid for; a failure was not."""
        summary = self._summary
        if judgement.error:
            summary.error = judgement.error
        if judgement.answers == 0:
            self._failures += 1
            summary.failed += 1
            return
        self._failures = 0
        self._ledger.add(pair, judgement)
        summary.judged += 1
