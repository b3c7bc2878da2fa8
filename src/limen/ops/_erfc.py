"""The complementary error function on arrays: W. J. Cody, "Rational Chebyshev Approximations for the Error Function",
Mathematics of Computation 23 (1969); relative error below 1e-13."""

from __future__ import annotations

import math

import numpy as np

from limen.program import Array

_SMALL = (
    "1.85777706184603153e-1 3.16112374387056560 1.13864154151050156e2 3.77485237685302021e2 3.20937758913846947e3",
    "1 2.36012909523441209e1 2.44024637934444173e2 1.28261652607737228e3 2.84423683343917062e3",
)
_MIDDLE = (
    """2.15311535474403846e-8 5.64188496988670089e-1 8.88314979438837594 6.61191906371416295e1 2.98635138197400131e2
    8.81952221241769090e2 1.71204761263407058e3 2.05107837782607147e3 1.23033935479799725e3""",
    """1 1.57449261107098347e1 1.17693950891312499e2 5.37181101862009858e2 1.62138957456669019e3 3.29079923573345963e3
    4.36261909014324716e3 3.43936767414372164e3 1.23033935480374942e3""",
)
_LARGE = (
    """1.63153871373020978e-2 3.05326634961232344e-1 3.60344899949804439e-1 1.25781726111229246e-1
    1.60837851487422766e-2 6.58749161529837803e-4""",
    "1 2.56852019228982242 1.87295284992346725 5.27905102951428412e-1 6.05183413124413191e-2 2.33520497626869185e-3",
)


def erfc(x: Array) -> Array:
    """1 - erf(x) of float64 values."""
    size = np.minimum(np.abs(x), 27.0)
    square = np.where(size < 0.5, size, 0.0) ** 2
    near = size * _ratio(_SMALL, square)
    middle = np.exp(-size * size) * _ratio(_MIDDLE, np.minimum(size, 4.0))
    inverse = 1.0 / np.maximum(size, 4.0) ** 2
    far = np.exp(-size * size) * (1.0 / math.sqrt(math.pi) - inverse * _ratio(_LARGE, inverse)) / np.maximum(size, 4.0)
    tail = np.where(size <= 0.46875, 1.0 - near, np.where(size <= 4.0, middle, far))
    return np.where(x < 0, 2.0 - tail, tail)


def _ratio(coefficients: tuple[str, str], x: Array) -> Array:
    """A rational function; coefficients from the highest power down."""
    numerator, denominator = ([float(c) for c in text.split()] for text in coefficients)
    return np.polyval(numerator, x) / np.polyval(denominator, x)
