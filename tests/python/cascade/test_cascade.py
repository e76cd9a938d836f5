"""Cascades as people use them: order, caps, budget, blend, costs."""

from __future__ import annotations

import json
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tamis
from tamis import (
    Cascade,
    CascadeWarning,
    CrossEncoder,
    Index,
    InvalidArgument,
    LateInteraction,
    candidates,
)
from tamis import stages as s

from .kinds import Foreign, length

QUERY = "how many people live in Berlin?"
PASSAGES = [
    "Berlin is well known for its museums.",
    "Berlin had 3,520,031 inhabitants in 2016.",
    "Bamboo, mostly; 12 to 38 kg of it a day.",
    "Berlin had 3,520,031 inhabitants in 2016.",
]


def found(query: str) -> list[tuple[str, float]]:
    return [(passage, 1.0 / (i + 1)) for i, passage in enumerate(PASSAGES)]


def test_candidates_go_through_the_stages(model: CrossEncoder) -> None:
    cascade = Cascade(
        [s.retrieve(found, keep=4, name="bm25"), s.deduplicate(keep=4), s.rerank(model, keep=2)]
    )
    result = cascade.run(QUERY)
    assert [hit.index for hit in result.hits] == [1, 0]
    best = result.hits[0]
    assert best.document == PASSAGES[1] == best.text
    assert list(best.scores) == ["bm25", "rerank"]
    assert best.scores["bm25"] == 0.5
    assert best.stage == "rerank"
    logit = model.predict([(QUERY, PASSAGES[1])], scores="logit")[0]
    assert best.score == pytest.approx(float(logit), abs=1e-6)
    assert result.trace.stages[1].dropped == [("3", "its text came before")]
    assert result.trace.stages[1].duplicates == 1
    assert result.trace.stages[2].tokens > 30


def test_rerank_gives_what_rank_gives(model: CrossEncoder) -> None:
    options: dict[str, Any] = {"on_truncation": "window", "window_stride": 100}
    long = [*PASSAGES, "wörd " * 900 + PASSAGES[1]]
    ranked = model.rank(QUERY, long, **options)
    cascade = Cascade([s.rerank(model, keep=9, limit=9, **options)])
    for result in [cascade.run(QUERY, long), *cascade.run_many([QUERY] * 2, [long] * 2)]:
        assert [hit.index for hit in result.hits] == [hit["corpus_id"] for hit in ranked]
        assert [hit.spans["rerank"] for hit in result.hits] == [hit["span"] for hit in ranked]
        (begin, end) = next(hit for hit in result.hits if hit.index == 4).spans["rerank"]
        assert PASSAGES[1] in long[4][begin:end]
        assert begin > 0
    assert Cascade([s.rerank(model, keep=9, limit=9)]).run(QUERY, PASSAGES).hits[0].spans == {}


def test_a_prompt_goes_before_the_query(model: CrossEncoder) -> None:
    stage = s.rerank(model, keep=1, limit=1, prompt="query: ")
    score = Cascade([stage]).run("x", ["y"]).hits[0].score
    assert score == pytest.approx(float(model.predict([("query: x", "y")], scores="logit")[0]))


def test_a_reranker_of_another_library() -> None:
    result = Cascade([s.rerank(Foreign(), keep=4, limit=4)]).run(QUERY, PASSAGES)
    assert [hit.index for hit in result.hits] == [1, 3, 2, 0]


def test_blend_adds_what_candidates_came_with() -> None:
    given = [("a", 3.0), ("bbb", 2.0), ("cc", 1.0)]
    plain = Cascade([s.callable(length, keep=3, limit=3)]).run("q", given)
    assert [hit.index for hit in plain.hits] == [1, 2, 0]
    blended = s.callable(length, keep=3, limit=3, blend={"input": 100})
    result = Cascade([blended]).run("q", given)
    assert [hit.index for hit in result.hits] == [0, 1, 2]
    assert result.hits[0].scores == {"input": 3.0, "length": 1.0}


def test_blend_takes_a_source_of_the_first_stage() -> None:
    found = [
        {"id": "a", "text": "a", "scores": {"bm25": 9.0, "dense": 0.1}},
        {"id": "bbb", "text": "bbb", "scores": {"bm25": 1.0, "dense": 0.2}},
        {"id": "cc", "text": "cc", "metadata": {"scores": {"dense": 0.9, "bm25": float("nan")}}},
    ]

    def order(blend: dict[str, float]) -> list[str]:
        first = s.retrieve(lambda query: found, keep=3, sources=("bm25", "dense"))
        own = s.callable(lambda q, d: [len(one["text"]) for one in d], keep=3, blend=blend)
        result = Cascade([first, own]).run("q")
        return [hit.id for hit in result.hits]

    assert order({}) == ["bbb", "cc", "a"]
    assert order({"bm25": 100}) == ["a", "bbb", "cc"]
    assert order({"dense": 100}) == ["cc", "bbb", "a"]
    with pytest.raises(
        InvalidArgument, match=r"'bm26', .* nor a source of the first \(bm25, dense"
    ):
        order({"bm26": 1})
    with pytest.raises(InvalidArgument, match="sources must be a list, got one str"):
        s.retrieve(lambda query: found, keep=3, sources="bm25")


@pytest.mark.parametrize("skip_if", [0.5, s.margin(0.5)])
def test_a_clear_lead_skips_a_stage(skip_if: Any) -> None:
    stage = s.callable(length, keep=4, skip_if=skip_if)
    result = Cascade([s.retrieve(found, keep=4), stage]).run(QUERY)
    assert [hit.index for hit in result.hits] == [0, 1, 2, 3]
    assert "leads by 0.5" in (result.trace.stages[1].skipped or "")
    assert not result.trace.degraded


def test_what_skipping_loses_can_be_measured() -> None:
    from tamis.eval import evaluate, paired_bootstrap

    # The search is sure, and wrong, of "a"; unsure, and wrong, of the others.
    leads = {"a": 9.0, "b": 1.1, "c": 1.1}

    def search(query: str) -> list[tuple[str, float]]:
        return [("wrong", leads[query]), (query, 1.0)]

    def values(**use: Any) -> list[float]:
        right = s.callable(lambda q, d: [float(one == q) for one in d], keep=2, **use)
        cascade = Cascade([s.retrieve(search, keep=2), right])
        run = {query: [hit.id for hit in cascade.run(query).hits] for query in leads}
        qrels = {query: {"1": 1} for query in leads}
        return list(evaluate(run, qrels, ["mrr@10"])["mrr@10"].values())

    assert values() == [1.0, 1.0, 1.0]
    assert values(skip_if=1.0) == [0.5, 1.0, 1.0]
    lost = paired_bootstrap(values(), values(skip_if=1.0))
    assert lost.mean == pytest.approx(-1 / 6)
    assert lost.low < lost.mean < lost.high <= 0


def test_threshold_and_diversify() -> None:
    calibrated = s.callable(
        lambda q, d: [0.9, 0.2, 0.7], keep=3, limit=3, calibrated=True, name="sure"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cascade = Cascade([calibrated, s.threshold(0.5, keep=3)])
    result = cascade.run("q", ["a", "b", "c"])
    assert [hit.index for hit in result.hits] == [0, 2]
    assert result.trace.stages[1].dropped == [("1", "scored below 0.5")]
    texts = ["red fish", "red fish!", "blue bird"]
    mixed = s.diversify(keep=2, balance=0.3, similarity=lambda a, b: float(a[0] == b[0]))
    assert [hit.index for hit in Cascade([mixed]).run("q", texts).hits] == [0, 2]


def test_the_budget_stops_a_slow_stage() -> None:
    def slow(query: str, documents: list[Any]) -> list[float]:
        time.sleep(0.02 * len(documents))
        return length(query, documents)

    cascade = Cascade([s.callable(slow, keep=50, limit=50, divisible=True, chunk=1)], budget_ms=200)
    result = cascade.run("q", [str(i) for i in range(50)])
    assert 1 <= result.trace.stages[0].scored < 50
    assert len(result.hits) == 50
    assert result.trace.degraded
    longer = cascade.run("q", [str(i) for i in range(50)], budget_ms=10_000)
    assert longer.trace.stages[0].scored == 50


def test_costs_are_kept_for_another_process(tmp_path: Path) -> None:
    def slow(query: str, documents: list[Any]) -> list[float]:
        time.sleep(0.01 * len(documents))
        return [0.0] * len(documents)

    stages = [s.callable(slow, keep=50, limit=50)]
    teacher = Cascade(stages)
    assert "learnt" not in repr(teacher)
    for count in (4, 12, 8):
        teacher.run("q", [f"text {i}" for i in range(count)])
    assert "learnt from 3 calls" in repr(teacher)
    teacher.save_costs(tmp_path / "costs.json")
    cascade = Cascade(stages, budget_ms=100)
    cascade.load_costs(tmp_path / "costs.json")
    stage = cascade.run("q", [f"text {i}" for i in range(50)]).trace.stages[0]
    assert stage.predicted_ms is not None
    assert 1 <= stage.scored <= 10
    assert "fit into" in (stage.cut or "")
    for other in ('{"no": 1}', "[]", "[" * 100_000, '{"version": 1, "stages": {}}', '{"version"'):
        (tmp_path / "other.json").write_text(other)
        with pytest.raises(InvalidArgument, match="not written by save_costs"):
            cascade.load_costs(tmp_path / "other.json")
    for rows in ([[1, 2]], [[1, 2, 3, "x"]], [[10**400, 1, 1, 1]], 7):
        told = {"version": 2, "stages": {"slow": rows}}
        (tmp_path / "other.json").write_text(json.dumps(told))
        with pytest.raises(InvalidArgument, match="not written by save_costs"):
            cascade.load_costs(tmp_path / "other.json")


def test_costs_that_several_save_are_never_read_by_half(tmp_path: Path) -> None:
    cascade = Cascade([s.callable(length, keep=5, limit=5)])
    for _ in range(64):
        cascade.run("q", ["a", "b"])
    path = tmp_path / "costs.json"
    cascade.save_costs(path)

    def save_often(_: int) -> None:
        for _ in range(50):
            cascade.save_costs(path)

    with ThreadPoolExecutor(4) as pool:
        saving = pool.map(save_often, range(4))
        for _ in range(100):
            cascade.load_costs(path)
        list(saving)
    assert [found.name for found in tmp_path.iterdir()] == ["costs.json"]
    with pytest.raises(FileNotFoundError, match=r"costs\.json"):
        cascade.save_costs(tmp_path / "no folder" / "costs.json")


def test_neighbours_of_equal_cost_are_warned_of_where_costs_are_loaded(tmp_path: Path) -> None:
    rows = [[10, 100, 50.0, 400]] * 4
    told = {"version": 2, "stages": {"one": rows, "two": rows, "gone": rows}}
    (tmp_path / "costs.json").write_text(json.dumps(told))
    first = s.callable(length, keep=5, limit=9, name="one")
    cascade = Cascade([first, s.callable(lambda q, d: [0.0] * len(d), keep=2, name="two")])
    assert not cascade.warnings
    with pytest.warns(CascadeWarning, match="'one' and 'two' cost the same") as caught:
        cascade.load_costs(tmp_path / "costs.json")
    assert len(caught) == len(cascade.warnings) == 1
    assert caught[0].filename == __file__


def test_shared_calls_take_pairs_of_several_queries(model: CrossEncoder) -> None:
    cascade = Cascade([s.rerank(model, keep=4, limit=4)])
    results = cascade.run_many([QUERY, "bamboo"], [PASSAGES, PASSAGES])
    assert [result.hits for result in results] == [
        cascade.run(query, PASSAGES).hits for query in (QUERY, "bamboo")
    ]
    assert [result.trace.stages[0].attempts for result in results] == [1, 1]
    assert results[0].trace.query == QUERY


def test_run_many_retrieves_for_each() -> None:
    cascade = Cascade([s.retrieve(lambda q: [q, q + q], keep=2), s.callable(length, keep=1)])
    assert [r.hits[0].text for r in cascade.run_many(["a", "bb"])] == ["aa", "bbbb"]
    assert cascade.run_many([]) == []


def test_a_method_that_comes_twice_is_the_same_scorer() -> None:
    class Judge:
        def score(self, query: str, documents: list[Any]) -> list[float]:
            return [0.0] * len(documents)

        def vectors(self, query: str) -> Any:
            return [[1.0]]

    one, other = Judge(), Judge()
    for maker in (
        lambda judge: s.callable(judge.score, keep=3, limit=5),
        lambda judge: s.late_interaction(judge.vectors, vectors="v", keep=3, limit=5),
    ):
        with pytest.warns(CascadeWarning, match="same scorer side by side"):
            Cascade([maker(one), maker(one)])
        assert "same scorer" not in str(Cascade([maker(one), maker(other)]).warnings)


def test_what_is_hardly_meant_is_warned_of(model: CrossEncoder) -> None:
    with pytest.warns(CascadeWarning, match="same scorer side by side") as caught:
        cascade = Cascade([s.rerank(model, keep=5, limit=9), s.rerank(model, keep=3)])
    assert caught[0].filename == __file__
    assert len(cascade.warnings) == 1
    result = cascade.run("q", ["a", "b"])
    assert list(result.hits[0].scores) == ["rerank", "rerank 2"]
    with pytest.warns(CascadeWarning, match="cannot change the result"):
        Cascade(
            [
                s.retrieve(found, keep=5),
                s.callable(length, keep=5),
                s.callable(lambda q, d: [0.0] * len(d), keep=2, name="other"),
            ]
        )
    with pytest.warns(CascadeWarning, match="not calibrated"):
        Cascade([s.callable(length, keep=5, limit=5), s.threshold(0.5, keep=5)])
    with pytest.warns(CascadeWarning, match="scores of 'input' with a constant"):
        Cascade([s.threshold(0.5, keep=5)])


def test_a_cascade_can_be_read(model: CrossEncoder) -> None:
    cascade = Cascade(
        [s.retrieve(found, keep=4), s.rerank(model, keep=2, share=0.5, blend={"retrieve": 0.3})],
        budget_ms=1500,
    )
    assert repr(cascade).splitlines() == [
        "Cascade, 1500 ms",
        "  retrieve: keep 4",
        "  rerank: keep 2, 50% of the budget + 0.3 retrieve",
    ]


class ManyAtOnce:
    """A first stage that finds the query itself, and counts what it is asked."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.asked: list[int] = []

    def search(self, query: str, k: int) -> list[str]:
        self.asked.append(1)
        return [query, "other"][:k]

    def search_many(self, queries: list[str], k: int) -> list[list[str]]:
        self.asked.append(len(queries))
        if self.broken:
            raise RuntimeError("not today")
        return [[query, "other"][:k] for query in queries]


def test_run_many_searches_for_all_queries_at_once() -> None:
    for broken in (False, True):
        source = ManyAtOnce(broken)
        cascade = Cascade([s.retrieve(source, keep=2)])
        results = cascade.run_many(["a", "bb", "c"])
        assert source.asked == ([3, 1, 1, 1] if broken else [3])
        assert [[hit.text for hit in result.hits] for result in results] == [
            [hit.text for hit in cascade.run(query).hits] for query in ("a", "bb", "c")
        ]
        assert not any(result.trace.degraded for result in results)


def test_late_interaction_that_gives_the_cross_encoders_scores_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = CrossEncoder("tiny")

    def warned(mesh: s.Stage, model: CrossEncoder = model, **options: str) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CascadeWarning)
            cascade = Cascade([mesh, s.rerank(model, keep=1, **options)])
        return "same scorer side by side" in str(cascade.warnings)

    def tiny(**options: Any) -> s.Stage:
        return s.late_interaction(LateInteraction("tiny", **options), keep=2, limit=9)

    assert warned(tiny())
    assert warned(tiny(precision="auto"))
    assert warned(tiny(max_length=64))
    assert warned(s.rerank(CrossEncoder("tiny", max_length=64), keep=2, limit=9))
    monkeypatch.chdir(Path(tamis.__file__).parent / "models")
    assert warned(s.late_interaction(LateInteraction("./tiny"), keep=2, limit=9))
    assert not warned(tiny(), CrossEncoder())
    # The default reads its texts together, and late interaction does not.
    assert not warned(s.late_interaction(keep=2, limit=9), CrossEncoder())
    assert not warned(tiny(), on_truncation="window")
    assert not warned(tiny(), prompt="find: ")
    for name, expected in (("tiny", True), (None, False)):
        index = Index.build(
            ["one text", "another"], model=LateInteraction(name), token_vectors=True, progress=False
        )
        compare = s.callable(index.compare, keep=2, limit=9, divisible=True)
        assert warned(compare) is expected


def test_scores_of_other_kinds_of_numbers_count() -> None:
    given = [
        {"text": "a", "score": Decimal("9.5"), "scores": {"bm25": Decimal("2.5")}},
        {"text": "bb", "score": np.array(1.0)},
        {"text": "ccc", "score": "0.5"},
    ]
    stage = s.callable(length, keep=3, limit=3, blend={"input": 100})
    result = Cascade([stage]).run("q", given)
    assert [hit.text for hit in result.hits] == ["a", "bb", "ccc"]
    assert result.hits[0].scores["input"] == 9.5
    given = [("a", Decimal("0.5")), ("a", np.array([0.25])), ("a", np.float32(2))]
    assert candidates.read(given).scores == [0.5, 0.25, 2.0]
    with pytest.raises(InvalidArgument, match="candidate 0 is a tuple without"):
        candidates.read([("a", np.ones(3))])  # a vector is no score
