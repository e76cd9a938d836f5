"""The demo's parts with a stand-in for the model; test_main runs the whole."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tamis.demo.bm25 import BM25
from tamis.demo.collection import load_abstracts, load_claims, retrieve, sample
from tamis.demo.compare import compare, tally
from tamis.demo.rerank import Scores, blended, measure_speed, rerank
from tamis.demo.sizing import DEPTHS, Plan, plan
from tamis.eval import evaluate, mean


@pytest.fixture(scope="module")
def candidates():
    return retrieve(load_claims(), load_abstracts(), DEPTHS[0])


def by_length(pairs):
    """Some order, deterministic and without merit."""
    return Scores([float(len(text) % 97) for _, text in pairs], 1, 5, 10 * len(pairs))


def silent(pairs, total, seconds):
    assert 0 < pairs <= total
    assert seconds >= 0


def test_the_first_stage_is_as_good_as_published_bm25(candidates):
    run = {found.claim.id: [a.id for a in found.abstracts] for found in candidates}
    qrels = {found.claim.id: found.claim.relevant for found in candidates}
    values = evaluate(run, qrels, ["ndcg@10", "recall@100"])
    assert len(qrels) == 300
    assert mean(values["ndcg@10"]) == pytest.approx(0.688, abs=0.001)
    assert mean(values["recall@100"]) == pytest.approx(0.924, abs=0.001)


def test_bm25_by_hand():
    index = BM25(["cats chase mice", "the dog", "cats cats dog"], k1=1.5, b=0.75)
    # "the" is a stopword: lengths 3, 1, 3, mean 7/3; idf of "cat" with df 2 of 3.
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    norm = 1.5 * (0.25 + 0.75 * 3 / (7 / 3))
    assert index.scores("Cat") == pytest.approx([idf / (1 + norm), 0, idf * 2 / (2 + norm)])
    order, scores = index.top("cat unknown", 2)
    assert order.tolist() == [2, 0]
    assert scores[0] > scores[1]
    assert index.top("unknown", 9)[0].tolist() == [0, 1, 2]
    assert BM25([]).top("cat", 5)[0].tolist() == []


def test_every_machine_gets_a_plan_that_fits():
    for speed in (0.01, 0.5, 5, 16, 40, 160, 600, 5_000):
        work = plan(speed, 300)
        assert 1 <= work.claims <= 300
        assert work.depth in DEPTHS
        assert work.claims == 1 or work.pairs <= 60 * speed
    assert plan(1e6, 300) == Plan(300, 100)
    assert plan(16, 300) == Plan(96, 10)
    assert plan(40, 300) == Plan(80, 30)
    depths = [plan(speed, 300).depth for speed in (1, 20, 40, 80, 200)]
    assert all(a <= b for a, b in itertools.pairwise(depths))


def test_the_sample_is_the_same_every_time(candidates):
    first, second = sample(candidates, 0), sample(candidates, 0)
    assert [f.claim.id for f in first] == [f.claim.id for f in second]
    assert {f.claim.id for f in first} == {f.claim.id for f in candidates}
    assert first != sample(candidates, 1)


def test_reranking_counts_what_it_did_and_stops_at_its_limit(candidates):
    result = rerank(by_length, candidates[:5], 20, silent)
    assert (result.pairs, result.pairs_cut, result.tokens_cut, result.tokens) == (100, 5, 25, 1000)
    assert len(rerank(by_length, candidates[:5], 20, silent, limit_seconds=0.0).candidates) == 1
    assert measure_speed(by_length, candidates, seconds=0.01) > 0


def test_a_comparison_with_a_scorer_that_knows_the_answer(candidates):
    relevant = {(f.claim.text, a.passage) for f in candidates for a in f.abstracts
                if a.id in f.claim.relevant}  # fmt: skip
    knows = lambda pairs: Scores([float(p in relevant) for p in pairs], 0, 0, 1)  # noqa: E731
    comparison = compare(rerank(knows, candidates[:80], 50, silent))
    bm25, reranked, both = comparison.rows
    assert reranked.mean("ndcg@10") == pytest.approx(comparison.ceiling)
    assert reranked.gains["ndcg@10"].low > 0
    assert bm25.mean("ndcg@10") < both.mean("ndcg@10") <= comparison.ceiling + 1e-12
    assert comparison.recall <= 1
    counts = tally(comparison)
    assert counts.worse == 0
    assert counts.better + counts.equal == 80


def test_equal_scores_keep_bm25s_order(candidates):
    flat = lambda pairs: Scores([0.5] * len(pairs), 0, 0, 1)  # noqa: E731
    comparison = compare(rerank(flat, candidates[:10], 20, silent))
    for row in comparison.rows:
        assert row.rankings == [f.abstracts for f in comparison.candidates]
        assert row.gains["ndcg@10"].mean == 0


def test_the_blend_is_the_weighted_sum_of_z_scores():
    assert blended([1.0, -1.0], [5.0, 7.0]) == pytest.approx([0.7, -0.7])
    assert blended([2.0, 2.0], [5.0, 7.0]) == pytest.approx([-0.3, 0.3])
