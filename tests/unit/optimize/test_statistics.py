"""Intervals hold what they say, against closed forms, other implementations and resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from limen.optimize.statistics import bootstrap, paired_areas, paired_shares, samples_for, z_of


def test_without_any_difference_the_interval_is_that_of_a_score_test_of_nothing() -> None:
    z = z_of()
    for n in (10, 360, 10_000):
        assert paired_shares(0, 0, n)[1] == pytest.approx(z**2 / (n + z**2), rel=1e-6)


def test_the_ends_solve_the_equation_of_the_score_interval() -> None:
    """Both ends solve the equation of the paper."""
    low, high = paired_shares(12, 2, 50)
    z = z_of()
    for drop in (low, high):
        b, c, n = 12, 2, 50
        big = -b - c + (2 * n - b + c) * drop
        share = (np.sqrt(big**2 + 8 * n * c * drop * (1 - drop)) - big) / (4 * n)
        assert abs(b - c - n * drop) / np.sqrt(n * (2 * share + drop * (1 - drop))) == pytest.approx(z, abs=1e-6)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(80, 2000))
def test_the_interval_holds_the_estimate_and_mirrors(lost: int, won: int, n: int) -> None:
    low, high = paired_shares(lost, won, n)
    assert low <= (lost - won) / n <= high
    assert paired_shares(won, lost, n) == pytest.approx((-high, -low), abs=1e-9)


def test_coverage_of_shares_is_what_is_stated() -> None:
    rng = np.random.default_rng(3)
    population = rng.choice(3, 10_000, p=[0.975, 0.015, 0.01])
    true = float((population == 1).mean() - (population == 2).mean())
    hits = 0
    for _ in range(600):
        sample = population[rng.integers(0, len(population), 1000)]
        low, high = paired_shares(int((sample == 1).sum()), int((sample == 2).sum()), 1000)
        hits += low <= true <= high
    assert 0.93 <= hits / 600 <= 0.97


def test_samples_for_is_the_number_that_proves_it() -> None:
    needed = samples_for(3, 2, 500, 0.01)
    assert needed is not None
    assert needed > 500
    rate = needed / 500
    assert paired_shares(3 * rate, 2 * rate, needed)[1] <= 0.01
    assert samples_for(20, 0, 500, 0.01) is None


def test_areas_agree_with_the_metric_and_cover() -> None:
    rng = np.random.default_rng(5)
    truth = rng.random(20_000) < 0.4
    first = truth + rng.normal(0, 1.0, len(truth))
    second = first + rng.normal(0, 0.7, len(truth))
    true = roc_auc_score(truth, first) - roc_auc_score(truth, second)
    hits = 0
    for _ in range(300):
        i = rng.integers(0, len(truth), 400)
        low, high = paired_areas(truth[i], first[i], second[i])
        hits += low <= true <= high
        centre = roc_auc_score(truth[i], first[i]) - roc_auc_score(truth[i], second[i])
        assert (low + high) / 2 == pytest.approx(centre, abs=1e-9)
    assert 0.92 <= hits / 300 <= 0.98


def test_bootstrap_of_a_mean_is_near_the_normal_interval_and_repeats() -> None:
    values = np.random.default_rng(1).normal(2.0, 1.0, 400)
    found = bootstrap(lambda i: float(values[i].mean()), len(values))
    reach = z_of() * values.std(ddof=1) / 20
    assert found == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.02)
    assert found == bootstrap(lambda i: float(values[i].mean()), len(values))
