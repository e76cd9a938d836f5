"""tamis.eval.bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from tamis.eval import paired_bootstrap


def test_a_constant_gain_has_no_width():
    gain = paired_bootstrap([0.0, 0.25, 0.5], [0.25, 0.5, 0.75])
    assert (gain.mean, gain.low, gain.high) == (0.25, 0.25, 0.25)
    assert gain.excludes_zero
    assert not paired_bootstrap([0.1, 0.2], [0.1, 0.2]).excludes_zero


def test_the_interval_is_the_normal_one_where_the_mean_is_nearly_normal():
    random = np.random.default_rng(1)
    after = random.random(400)
    gain = paired_bootstrap(np.zeros(400), after)
    error = after.std() / np.sqrt(400)
    assert gain.low == pytest.approx(after.mean() - 1.96 * error, abs=0.1 * error)
    assert gain.high == pytest.approx(after.mean() + 1.96 * error, abs=0.1 * error)


def test_it_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(2)
    hits = 0
    for seed in range(200):
        after = random.random(60)
        gain = paired_bootstrap(np.full(60, 0.5), after, resamples=500, seed=seed)
        hits += gain.low <= 0 <= gain.high
    assert 0.88 <= hits / 200 <= 0.99


def test_a_seed_gives_one_interval():
    before, after = np.random.default_rng(3).random((2, 50))
    assert paired_bootstrap(before, after, seed=4) == paired_bootstrap(before, after, seed=4)
    assert paired_bootstrap(before, after, seed=4) != paired_bootstrap(before, after, seed=5)


@pytest.mark.parametrize(
    ("before", "after", "options"),
    [
        ([0.1], [0.1, 0.2], {}),
        ([], [], {}),
        ([1.0, 2.0, 3.0], [1.0, 2.0], {}),
        ({"q": 0.1}, {"q": 0.2}, {}),
        ([[0.1]], [[0.2]], {}),
        ([0.1], [float("nan")], {}),
        ([0.1], [0.2], {"resamples": 0}),
        ([0.1], [0.2], {"confidence": 1.0}),
    ],
)
def test_what_cannot_be_compared_is_refused(before, after, options):
    with pytest.raises(ValueError, match=r"values|resamples"):
        paired_bootstrap(before, after, **options)
