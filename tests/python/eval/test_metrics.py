"""tamis.eval.metrics against trec_eval itself, and against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval

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
