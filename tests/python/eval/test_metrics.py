"""tamis.eval.metrics against trec_eval itself, and against its own definition."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import pytrec_eval

from tamis import InvalidArgument
from tamis.eval import average_precision, evaluate, mean, ndcg, recall, reciprocal_rank


def random_collection(seed: int, queries: int = 40):
    """Judgements with grades from -1 to 3, and rankings that find some of them."""
    random = np.random.default_rng(seed)
    run, qrels = {}, {}
    for q in range(queries):
        documents = [f"d{i}" for i in random.permutation(300)]
        judged = random.choice(documents, size=random.integers(1, 30), replace=False)
        qrels[f"q{q}"] = {str(d): int(random.integers(-1, 4)) for d in judged}
        run[f"q{q}"] = documents[: random.integers(1, 250)]
    return run, qrels


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_trec_eval(seed):
    run, qrels = random_collection(seed)
    scored = {q: {d: float(-i) for i, d in enumerate(docs)} for q, docs in run.items()}
    cutoffs = "5,10,100"
    names = {f"ndcg_cut.{cutoffs}", f"recall.{cutoffs}", f"map_cut.{cutoffs}", "map", "recip_rank"}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(scored)
    ours = evaluate(
        run,
        qrels,
        [f"{kind}@{k}" for kind in ("ndcg", "recall", "map") for k in (5, 10, 100)]
        + ["map", "mrr"],
    )
    theirs = {"ndcg": "ndcg_cut_{}", "recall": "recall_{}", "map": "map_cut_{}"}
    for name, values in ours.items():
        kind, _, cutoff = name.partition("@")
        key = theirs[kind].format(cutoff) if cutoff else {"map": "map", "mrr": "recip_rank"}[name]
        for query, value in values.items():
            assert value == pytest.approx(oracle[query][key], abs=1e-9), (name, query)


def test_mrr_at_10_is_trec_evals_of_the_first_ten():
    run, qrels = random_collection(9)
    head = {q: {d: float(-i) for i, d in enumerate(docs[:10])} for q, docs in run.items()}
    oracle = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(head)
    for query, value in evaluate(run, qrels, ["mrr@10"])["mrr@10"].items():
        assert value == pytest.approx(oracle[query]["recip_rank"], abs=1e-9)


def test_by_hand():
    ranked, judged = [0, 1, 0, 2], [1, 2, 1]
    assert reciprocal_rank(ranked) == 0.5
    assert reciprocal_rank(ranked, min_grade=2) == 0.25
    assert recall(ranked, judged, 2) == pytest.approx(1 / 3)
    assert average_precision(ranked, judged) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert ndcg([3, 2], [2, 3]) == 1.0
    assert ndcg([], [1]) == ndcg([1], []) == recall([1], [], 5) == average_precision([1], []) == 0.0


def test_a_mapping_is_ranked_by_score_and_ties_keep_its_order():
    qrels = {"q": {"a": 1}}
    values = evaluate({"q": {"b": 1.0, "a": 1.0, "c": 2.0}}, qrels, ["mrr"])
    assert values["mrr"]["q"] == pytest.approx(1 / 3)


def test_a_missing_query_counts_as_zero_and_an_unjudged_one_not_at_all():
    values = evaluate({"other": ["a"]}, {"q": {"a": 1}}, ["ndcg@10"])
    assert values == {"ndcg@10": {"q": 0.0}}
    assert mean(values["ndcg@10"]) == 0.0


@pytest.mark.parametrize("name", ["precision@5", "ndcg@", "ndcg@ten", "ndcg@-1", "ndcg@0", ""])
def test_unknown_metrics_are_refused(name):
    with pytest.raises(ValueError, match="metric"):
        evaluate({"q": ["a"]}, {"q": {"a": 1}}, [name])


def test_bad_rankings_are_refused():
    with pytest.raises(ValueError, match="twice"):
        evaluate({"q": ["a", "a"]}, {"q": {"a": 1}})
    with pytest.raises(TypeError, match="one string"):
        evaluate({"q": "abc"}, {"q": {"a": 1}})
    with pytest.raises(ValueError, match="no query"):
        mean({})
    for score in (float("nan"), None, "0.5"):
        with pytest.raises(ValueError, match="the score of document 'b' for query 'q' must be"):
            evaluate({"q": {"a": 1.0, "b": score}}, {"q": {"a": 1}})
    with pytest.raises(ValueError, match=r"the ranking of query 'q' must hold ids .* got a dict"):
        evaluate({"q": [{"id": "a"}]}, {"q": {"a": 1}})
    with pytest.raises(ValueError, match=r"metrics must be a list of names.*\['ndcg@10'\]"):
        evaluate({"q": ["a"]}, {"q": {"a": 1}}, "ndcg@10")


def test_ids_of_another_type_are_refused():
    with pytest.raises(ValueError, match="the run's queries are str and the judged ones number"):
        evaluate({"1": ["a"]}, {1: {"a": 1}})
    with pytest.raises(ValueError, match="the run's documents are number and the judged ones str"):
        evaluate({"1": [7]}, {"1": {"7": 1}})
    for ids in (np.array(["d2", "d1"]), list(np.array(["d2", "d1"]))):
        assert evaluate({"q": ids, "other": None}, {"q": {"d2": 1}}, ["map"]) == {"map": {"q": 1.0}}
    assert evaluate({1: np.array([7, 8])}, {1: {7: 1}}, ["map"]) == {"map": {1: 1.0}}
    assert evaluate({}, {1: {1: 1}}, ["map"]) == {"map": {1: 0.0}}


def by_the_definition(name: str, ranked: list[float], judged: list[float]) -> float:
    """nDCG of the whole ranking with the grade as gain, and MAP where above 0 is relevant."""
    if name == "ndcg":
        gains = [
            [max(grade, 0) / np.log2(place + 2.0) for place, grade in enumerate(grades)]
            for grades in (ranked, sorted(judged, reverse=True))
        ]
        return sum(gains[0]) / sum(gains[1])
    hits = [place for place, grade in enumerate(ranked) if grade > 0]
    count = sum(grade > 0 for grade in judged)
    return sum((i + 1) / (place + 1) for i, place in enumerate(hits)) / count


def test_grades_may_be_fractions() -> None:
    grades = {"d1": 0.9, "d2": 0.4, "d3": 0.0, "d4": -0.5}
    values = evaluate({"q": ["d3", "d2", "d4", "d1"]}, {"q": grades}, ["ndcg", "map", "mrr"])
    ranked, judged = [0.0, 0.4, -0.5, 0.9], list(grades.values())
    for name in ("ndcg", "map"):
        expected = by_the_definition(name, ranked, judged)
        assert values[name]["q"] == pytest.approx(expected, abs=1e-12)
    assert values["mrr"]["q"] == 0.5
    assert evaluate({"q": ["d1", "d2"]}, {"q": grades}, ["ndcg@10", "recall@1"]) == {
        "ndcg@10": {"q": 1.0},
        "recall@1": {"q": 0.5},
    }
    assert reciprocal_rank([0.4, 0.9], min_grade=0.5) == 0.5
    assert ndcg([Fraction(1, 2)], np.array([0.5], np.float16)) == 1.0


def test_whole_grades_have_the_bits_of_integers_in_any_type() -> None:
    run, qrels = random_collection(11)
    names = ["ndcg", "mrr@10", "recall@20", "map"]
    values = evaluate(run, qrels, names)
    for kind in (float, np.int8, np.float32):
        same = {q: {d: kind(grade) for d, grade in own.items()} for q, own in qrels.items()}
        assert evaluate(run, same, names) == values
    for query, own in qrels.items():
        ranked = np.array([own.get(document, 0) for document in run[query]], np.int64)
        best = np.sort(np.array(list(own.values()), np.int64))[::-1]
        gained, most = (
            float(np.sum(np.maximum(grades, 0) / np.log2(np.arange(len(grades)) + 2.0)))
            for grades in (ranked, best)
        )
        assert values["ndcg"][query] == (gained / most if most else 0.0)
        places = np.flatnonzero(ranked >= 1)
        precisions = np.arange(1, len(places) + 1) / (places + 1)
        assert values["map"][query] == float(np.sum(precisions)) / max(int(np.sum(best >= 1)), 1)


@pytest.mark.parametrize(
    "grade", ["1", None, float("nan"), float("inf"), [1], b"1", Decimal(1)], ids=repr
)
def test_a_grade_that_is_no_finite_number_is_named(grade: Any) -> None:
    said = r"the grade of document 'd2' for query 'q' must be a finite number, got "
    with pytest.raises(InvalidArgument, match=said):
        evaluate({"q": ["d1"]}, {"q": {"d1": 1, "d2": grade}})
    with pytest.raises(InvalidArgument, match="grade 1 must be a finite number"):
        ndcg([True, grade], [1])
    with pytest.raises(InvalidArgument, match="grade 0 must be a finite number"):
        recall([1], [grade], 5)
