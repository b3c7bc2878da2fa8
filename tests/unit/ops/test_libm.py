"""Single-precision functions lie within a unit in the last place of the true value."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from limen.ops import _libm

X = np.concatenate([np.linspace(-20, 20, 4001), np.logspace(-9, 0, 500), -np.logspace(-9, 0, 500)]).astype(np.float32)


@pytest.mark.parametrize(
    ("function", "true"),
    [(_libm.exp, math.exp), (_libm.expm1, math.expm1), (_libm.tanh, math.tanh), (_libm.erfc, math.erfc)],
)
def test_a_function_is_nearly_the_true_one(function: Callable, true: Callable) -> None:
    wanted = np.array([true(float(v)) for v in X])
    unit = np.maximum(np.spacing(np.abs(wanted).astype(np.float32)), 2.0**-149)
    assert (np.abs(function(X).astype(np.float64) - wanted) / unit).max() < 3.0


def test_the_ends_of_the_range() -> None:
    ends = np.array([-np.inf, -200, 200, np.inf], np.float32)
    np.testing.assert_array_equal(_libm.exp(ends), np.array([0, 0, np.inf, np.inf], np.float32))
    np.testing.assert_array_equal(_libm.expm1(ends[:2]), np.array([-1, -1], np.float32))
    np.testing.assert_array_equal(_libm.tanh(ends), np.array([-1, -1, 1, 1], np.float32))
    np.testing.assert_array_equal(_libm.erfc(ends), np.array([2, 2, 0, 0], np.float32))
