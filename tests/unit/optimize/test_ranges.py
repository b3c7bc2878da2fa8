"""Percentile ranges need bounded memory and do not depend on the order of the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.errors import DataError
from limen.optimize.ranges import Histogram, MinMax, Range, central_range, least_error_range, measure
from limen.program import Port, Program, Tensor


def test_min_max_is_the_smallest_and_largest_value_of_all_samples() -> None:
    seen = MinMax()
    for part in ([1.0, -2.0], [5.0, 0.0]):
        seen.observe(np.asarray(part, np.float32))
    assert (seen.range().low, seen.range().high) == (-2.0, 5.0)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for order in (values, shuffled):
        seen = Histogram()
        for value in order:
            seen.observe(np.asarray([value], np.float32))
        results.append((central_range(seen, 0.9), least_error_range(seen)))
    assert results[0] == results[1]


def test_a_percentile_cuts_outliers_and_stays_close_to_numpy() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100_000).astype(np.float32)
    values[:10] = 1000.0
    seen = Histogram()
    for part in np.split(values, 100):
        seen.observe(part)
    width = 2 * 1024 / 4096
    low, high = np.percentile(values, [0.05, 99.95])
    assert central_range(seen, 0.999).low == pytest.approx(low, abs=2 * width)
    assert central_range(seen, 0.999).high == pytest.approx(high, abs=2 * width)


def test_full_percentile_never_leaves_the_values_seen() -> None:
    seen = Histogram()
    seen.observe(np.asarray([0.1, 0.7], np.float32))
    assert central_range(seen, 1.0).low >= np.float32(0.1) - 1e-9
    assert central_range(seen, 1.0).high <= np.float32(0.7) + 1e-9


def _error(values: np.ndarray, interval: Range) -> float:
    """Mean squared error of 256 codes over the interval."""
    step = (interval.high - interval.low) / 255
    codes = np.clip(np.rint((values - interval.low) / step), 0, 255)
    return float(np.mean((codes * step + interval.low - values) ** 2))


@pytest.mark.parametrize("tail", [1.0, 3.0, 10.0])
def test_least_error_is_as_good_as_trying_every_cut(tail: float) -> None:
    values = np.random.default_rng(3).standard_t(2 + 3 / tail, 20_000)
    seen = Histogram()
    seen.observe(values)
    low, high = float(values.min()), float(values.max())
    cuts = [Range(low * a, high * b) for a in np.linspace(0.1, 1, 19) for b in np.linspace(0.1, 1, 19)]
    best = min(_error(values, cut) for cut in cuts)
    assert _error(values, least_error_range(seen)) <= best * 1.05


def test_least_error_keeps_a_uniform_range_whole() -> None:
    seen = Histogram()
    seen.observe(np.linspace(0.0, 6.0, 10_001))
    assert least_error_range(seen).high == pytest.approx(6.0, rel=0.02)


def _identity() -> Program:
    return Program("p", {"x": Tensor("x", (1, 2), "float32")}, (), (Port("x", "x"),), (Port("y", "x"),)).check()


def test_nan_and_no_samples_are_refused() -> None:
    def runner(feeds, tap):  # type: ignore[no-untyped-def]
        for name, value in feeds.items():
            tap(name, value)

    with pytest.raises(DataError, match="no sample"):
        measure(_identity(), [], runner)
    with pytest.raises(DataError, match="x: takes NaN"):
        measure(_identity(), [{"x": np.asarray([[np.nan, 1.0]], np.float32)}], runner)
