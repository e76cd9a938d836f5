"""What a function of the caller's may return for scores, and what becomes of it in float32."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import Cascade, CascadeWarning, Hit
from tamis import stages as s
from tamis.stage_scores import told


def scored_as(scores: Any, **how: Any) -> list[Hit]:
    """Hits of as many candidates, by a function that returns these."""
    stage = s.callable(lambda q, d: scores, keep=999, limit=999, on_error="raise", **how)
    return Cascade([stage]).run("q", list(map(str, range(len(scores))))).hits


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float16", "float64", "int64"])
def test_scores_may_be_tensors(kind: str) -> None:
    torch = pytest.importorskip("torch")
    values = torch.tensor([1, 3, 2], dtype=getattr(torch, kind))
    forms = [values, values[:, None], list(values)]
    if values.is_floating_point():
        forms.append((values.requires_grad_() * 1)[:, None])
        forms.append(list(values))
    for scores in forms:
        hits = scored_as(scores)
        assert [(hit.index, hit.score) for hit in hits] == [(1, 3.0), (2, 2.0), (0, 1.0)]


NOW = 1_790_000_000  # seconds, of which float32 tells apart every 128th


@pytest.mark.parametrize("unit", [1, 10**9])
def test_times_are_ranked_though_float32_makes_ties_of_them(unit: int) -> None:
    ages = np.random.default_rng(3).permutation(300)
    times = [(NOW - int(age)) * unit for age in ages]
    for scores in (times, np.array(times), np.array(times, np.float64)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hits = scored_as(scores)
        assert [hit.index for hit in hits] == list(np.argsort(ages))
        assert len({hit.score for hit in hits}) == 300
        for hit in hits:
            assert hit.score == pytest.approx(times[hit.index], rel=2e-5)


def test_scores_that_are_equal_stay_so_and_others_are_only_rounded() -> None:
    hits = scored_as([NOW, NOW + 1, NOW, NOW + 1, 0.1])
    assert [hit.index for hit in hits] == [1, 3, 0, 2, 4]
    assert len({hit.score for hit in hits}) == 3
    assert hits[-1].score == float(np.float32(0.1))
    assert [hit.score for hit in scored_as([0.1, 0.7])] == [float(np.float32(0.7)), hits[-1].score]


@given(
    st.lists(
        st.floats(-1e38, 1e38) | st.floats(-1e-44, 1e-44) | st.integers(NOW - 99, NOW + 99),
        max_size=40,
    )
)
def test_any_order_is_kept(scores: list[float]) -> None:
    found = told(scores, "name", divisible=False)[0]
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    rank = [np.unique(each, return_inverse=True)[1].tolist() for each in (scores, found)]
    assert rank[0] == rank[1]
    np.testing.assert_allclose(found, scores, rtol=40 * 2**-23, atol=40 * 2**-149)


def test_ties_of_a_divisible_stage_are_warned_of_once() -> None:
    ages = {str(age): age for age in range(100)}
    stage = s.callable(
        lambda q, d: [NOW + ages[one] for one in d], keep=99, limit=100, name="new", divisible=True
    )
    cascade = Cascade([stage])
    with pytest.warns(CascadeWarning, match="'new' gave scores that differ by less") as caught:
        result = cascade.run("q", list(ages))
    assert caught[0].filename == __file__
    assert len(caught) == len(result.trace.stages[0].warnings) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scored_as([0.1, 0.7, 0.1], divisible=True)
        scored_as(np.array([1, 3, 2], np.float32), divisible=True)


@pytest.mark.parametrize("scores", [[1e300, 2e300], [float("nan"), 1.0], [1e39, 1.0]])
def test_scores_beyond_float32_fail_the_stage(scores: list[float]) -> None:
    stage = s.callable(lambda q, d: scores, keep=2, limit=2, name="far")
    with pytest.warns(CascadeWarning, match="failed and was left out"):
        trace = Cascade([stage]).run("q", ["a", "b"]).trace
    assert "its score of candidate 0 is " in (trace.stages[0].skipped or "")
