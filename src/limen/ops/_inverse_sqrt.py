"""1 / sqrt(x) of whole numbers in fixed point, to the bit of TFLite's kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from limen.ops._fixed_point import INT32_MAX, INT32_MIN, Int64, divide_by_pot, doubling_high_mul

_ONE_AND_A_HALF = (1 << 28) + (1 << 27)  # with 3 integer bits
_HALF_SQRT_2 = 1518500250  # sqrt(2) / 2 in Q0.31
_ITERATIONS = 5


def inverse_sqrt(values: ArrayLike) -> tuple[Int64, Int64]:
    """Mantissa and shift of 1 / sqrt(x): mantissa * 2**(shift - 31), by Newton-Raphson from the guess 1.

    Args:
        values: whole numbers from 0 to 2**31 - 1; 0 and 1 both give the largest mantissa.

    Returns:
        int64 arrays of the shape of ``values``; the shift is <= 0.
    """
    x = np.maximum(np.asarray(values, np.int64), 2)
    right = np.full(x.shape, 11, np.int64)
    for _ in range(2):
        large = x >= 1 << 29
        x, right = np.where(large, x // 4, x), right + large
    pairs = (30 - np.floor(np.log2(x.astype(np.float64))).astype(np.int64)) // 2 - 1
    x, right = x << (2 * pairs), right - pairs
    mantissa = doubling_high_mul(_newton(x >> 1), _HALF_SQRT_2)
    mantissa, right = mantissa << np.maximum(-right, 0), np.maximum(right, 0)
    tiny = np.asarray(values, np.int64) <= 1
    return np.where(tiny, INT32_MAX, mantissa), np.where(tiny, 0, -right)


def _newton(raw: Int64) -> Int64:
    """1 / sqrt(2 * raw) of numbers with 3 integer bits."""
    half = divide_by_pot(raw, 1)
    guess = np.full(raw.shape, 1 << 28, np.int64)
    for _ in range(_ITERATIONS):
        cube = _shift_left(doubling_high_mul(doubling_high_mul(guess, guess), guess), 6)
        guess = _shift_left(doubling_high_mul(_ONE_AND_A_HALF, guess) - doubling_high_mul(half, cube), 3)
    return guess


def _shift_left(raw: Int64, bits: int) -> Int64:
    return np.asarray(np.clip(raw << bits, INT32_MIN, INT32_MAX), np.int64)
