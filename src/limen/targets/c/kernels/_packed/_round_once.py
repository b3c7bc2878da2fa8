"""Rescaling of fully connected layers: TFLite rounds sum * factor once, in float64, halves away from zero.

The assembler computes (mulh(4a, m) + (2 * zero point + 1) * 2^e) >> (e + 1), which is floor(a*m / 2^(31+e) + 1/2) plus
the zero point. It is not the same function, but between -128 and 127 there are at most 255 sums at which the code
changes: the constants are used only if both functions change at the very same sums, wherever the input can reach.
"""

from __future__ import annotations

import math

import numpy as np

from limen.ops._fixed_point import Int64, round_away
from limen.program import Array
from limen.targets.c.kernels._packed._requantize import Channels

_SHIFTS = range(22)
_SUMS = 1 << 29
_DEAD = (1 << 30, 1)


def fit_once(weights: Array, bias: Int64, factors: Array, zero_point: int, low: int, high: int) -> Channels | None:
    """The channels of int8 weights [O, K] with float64 factors [O]; None where one has no equal constants."""
    wide = weights.astype(np.int64)
    least = bias + np.minimum(wide * -128, wide * 127).sum(axis=1)
    most = bias + np.maximum(wide * -128, wide * 127).sum(axis=1)
    if least.min() < -(1 << 31) or most.max() >= 1 << 31:
        return None
    first, last = (codes(np.asarray(v), factors, zero_point, low, high) for v in (least, most))
    dead = first == last
    constants = [
        _DEAD if dead[i] else _constants(int(least[i]), int(most[i]), float(factors[i]), zero_point, low, high)
        for i in range(len(weights))
    ]
    found = np.array([c for c in constants if c is not None], np.int64).reshape(-1, 2)
    if len(found) < len(weights):
        return None
    live = np.where(dead[:, None], 0, weights).astype(np.int8)
    start = np.where(dead, (first - zero_point) << 2, bias)
    return Channels(live, start, found[:, 0], found[:, 1], zero_point, low, high)


def codes(sums: Int64, factor: Array | float, zero_point: int, low: int, high: int) -> Int64:
    """The reference's codes."""
    rounded = round_away(np.asarray(sums.astype(np.float64) * factor)) + zero_point
    return np.asarray(np.clip(rounded, low, high), np.int64)


def _constants(least: int, most: int, factor: float, zero_point: int, low: int, high: int) -> tuple[int, int] | None:
    """Multiplier and shift with the same changes of code, or None."""
    fraction, exponent = math.frexp(factor)
    if -exponent not in _SHIFTS or max(-least, most) >= _SUMS:
        return None
    nearest = round(fraction * 2**31)
    changes = _changes(least, most, factor, zero_point, low, high)
    sums = np.unique(np.concatenate([changes, changes - 1, [least, most]]).clip(least, most))
    expected = codes(sums, factor, zero_point, low, high)
    for mantissa in sorted(range(nearest - 8, min(nearest + 9, 1 << 31)), key=lambda m: abs(m - nearest)):
        q = (4 * sums * mantissa) >> 32
        found = (q + ((2 * zero_point + 1) << -exponent)) >> (1 - exponent)
        if np.array_equal(np.clip(found, low, high), expected):
            return mantissa, -exponent
    return None


def _changes(least: int, most: int, factor: float, zero_point: int, low: int, high: int) -> Int64:
    """For each code above the lowest, the smallest sum that has it; sums of codes that never occur are at the ends."""
    targets = np.arange(low + 1, high + 1, dtype=np.int64)
    below = np.full(targets.shape, least - 1, np.int64)
    above = np.full(targets.shape, most + 1, np.int64)
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = codes(middle, factor, zero_point, low, high) >= targets
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    return above
