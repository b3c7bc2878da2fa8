"""Percentile ranges need bounded memory and do not depend on the order of the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.errors import DataError
from limen.optimize.ranges import MinMax, Percentile, measure_ranges
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
        seen = Percentile(0.9)
        for value in order:
            seen.observe(np.asarray([value], np.float32))
        results.append(seen.range())
    assert results[0] == results[1]


def test_a_percentile_cuts_outliers_and_stays_close_to_numpy() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100_000).astype(np.float32)
    values[:10] = 1000.0
    seen = Percentile(0.999)
    for part in np.split(values, 100):
        seen.observe(part)
    width = 2 * 1024 / 4096
    low, high = np.percentile(values, [0.05, 99.95])
    assert seen.range().low == pytest.approx(low, abs=2 * width)
    assert seen.range().high == pytest.approx(high, abs=2 * width)


def test_full_percentile_never_leaves_the_values_seen() -> None:
    seen = Percentile(1.0)
    seen.observe(np.asarray([0.1, 0.7], np.float32))
    assert seen.range().low >= np.float32(0.1) - 1e-9
    assert seen.range().high <= np.float32(0.7) + 1e-9


def _identity() -> Program:
    return Program("p", {"x": Tensor("x", (1, 2), "float32")}, (), (Port("x", "x"),), (Port("y", "x"),)).check()


def test_nan_and_no_samples_are_refused() -> None:
    def runner(feeds, tap):  # type: ignore[no-untyped-def]
        for name, value in feeds.items():
            tap(name, value)

    with pytest.raises(DataError, match="no sample"):
        measure_ranges(_identity(), [], runner)
    with pytest.raises(DataError, match="x: takes NaN"):
        measure_ranges(_identity(), [{"x": np.asarray([[np.nan, 1.0]], np.float32)}], runner)
