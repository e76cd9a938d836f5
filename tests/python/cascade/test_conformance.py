"""What every stage keeps to, whatever it does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tamis import Cancelled, CancelToken, Cascade, CascadeResult
from tamis import stages as s

from .kinds import KINDS, SCORING, Maker

pytestmark = pytest.mark.filterwarnings("ignore::tamis.CascadeWarning")

TEXTS = [f"passage {i} of Berlin and its {'many ' * (i % 4)}rivers" for i in range(12)]


def first(kind: str, maker: Maker, **use: Any) -> list[s.Stage]:
    """The stage alone; what selects by scores needs a stage that gives some."""
    if kind == "threshold":
        scores = s.callable(lambda query, documents: range(len(documents)), keep=99, limit=99)
        return [scores, maker(**use)]
    return [maker(limit=use.pop("limit", 99), **use)]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def maker(kind: str, stage_makers: dict[str, Maker]) -> Maker:
    return stage_makers[kind]


def everyone(result: CascadeResult) -> list[str]:
    dropped = [one.id for stage in result.trace.stages for one in stage.dropped]
    return sorted([hit.id for hit in result.hits] + dropped, key=int)


def test_what_comes_out_is_a_permutation_of_what_came_in(kind: str, maker: Maker) -> None:
    result = Cascade(first(kind, maker, keep=99)).run("Berlin", TEXTS)
    assert sorted(hit.index for hit in result.hits) == list(range(len(TEXTS)))
    assert all(hit.document is TEXTS[hit.index] for hit in result.hits)
    assert not result.trace.degraded


def test_no_candidate_is_lost(kind: str, maker: Maker) -> None:
    result = Cascade(first(kind, maker, keep=4)).run("Berlin", TEXTS)
    assert len(result.hits) == 4
    assert everyone(result) == [str(i) for i in range(len(TEXTS))]
    assert {one.reason for one in result.trace.stages[-1].dropped} == {"below the cut"}


def test_nothing_comes_out_of_nothing(kind: str, maker: Maker) -> None:
    result = Cascade(first(kind, maker, keep=4)).run("Berlin", [])
    assert result.hits == []
    assert not result.trace.degraded


def test_an_id_that_comes_twice_is_kept_once(kind: str, maker: Maker) -> None:
    given = [{"id": name, "text": text} for name, text in zip("0121", TEXTS, strict=False)]
    result = Cascade(first(kind, maker, keep=9)).run("Berlin", given)
    assert sorted(hit.index for hit in result.hits) == [0, 1, 2]
    assert result.trace.stages[0].duplicates == 1
    assert result.trace.stages[0].dropped == [("1", "its id came before")]


def test_a_run_that_is_cancelled_raises(kind: str, maker: Maker) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        Cascade(first(kind, maker, keep=4)).run("Berlin", TEXTS, cancel=token)


def test_threads_get_what_one_caller_gets(kind: str, maker: Maker) -> None:
    cascade = Cascade(first(kind, maker, keep=5))
    queries = [f"river {i}" for i in range(8)]
    alone = [cascade.run(query, TEXTS).hits for query in queries]
    together = threading.Barrier(4)

    def job(i: int) -> Any:
        together.wait()
        return cascade.run(queries[i], TEXTS).hits

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(job, range(8))) == alone


def test_several_queries_in_step_get_what_each_gets_alone(kind: str, maker: Maker) -> None:
    cascade = Cascade(first(kind, maker, keep=5, chunk=3))
    queries = ["Berlin", "", "rivers of Berlin", "Berlin"]
    lists = [TEXTS[:7], TEXTS, [], TEXTS[3:5]]
    alone = [cascade.run(*one) for one in zip(queries, lists, strict=True)]
    together = cascade.run_many(queries, lists)
    assert [result.hits for result in together] == [result.hits for result in alone]
    for mine, theirs in zip(together, alone, strict=True):
        assert mine.trace.stages[-1].dropped == theirs.trace.stages[-1].dropped
        assert mine.trace.stages[-1].scored == theirs.trace.stages[-1].scored
        assert mine.trace.stages[-1].truncated == theirs.trace.stages[-1].truncated


@pytest.mark.parametrize("kind", SCORING)
def test_a_budget_of_nothing_leaves_the_order(kind: str, maker: Maker) -> None:
    result = Cascade(first(kind, maker, keep=99)).run("Berlin", TEXTS, budget_ms=0)
    assert [hit.index for hit in result.hits] == list(range(len(TEXTS)))
    assert result.trace.degraded
    assert result.trace.stages[0].skipped == "no time was left"


@pytest.mark.parametrize("kind", SCORING)
def test_what_a_limit_leaves_out_stays_below(kind: str, maker: Maker) -> None:
    result = Cascade(first(kind, maker, keep=99, limit=3)).run("Berlin", TEXTS)
    order = [hit.index for hit in result.hits]
    assert sorted(order[:3]) == [0, 1, 2]
    assert order[3:] == list(range(3, len(TEXTS)))
    assert [hit.score is None for hit in result.hits] == [False] * 3 + [True] * 9
