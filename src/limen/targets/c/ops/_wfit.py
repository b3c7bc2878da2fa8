"""One multiplication and one shift that equal a two-step rounding, proved for every accumulator that can occur.

A rescaling is a monotone step function of the accumulator, so it is known by its thresholds: the smallest accumulator
that reaches each code. ``(accumulator * mantissa + addend) >> shift`` is the same function where it steps at the same
places. Which addends do that for a given mantissa is an interval; the intervals of all channels must meet. Roundings
that treat halves by sign may need one addend for negative accumulators and one for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limen.ops._fixed_point import Int64

Reference = Callable[[Int64], Int64]
_CHUNK = 1 << 18
_MOST_THRESHOLDS = 1 << 24
_MOST_SHIFT = 54
_EVERYTHING = (-(1 << 62), 1 << 62)


@dataclass(frozen=True)
class Fit:
    """code = (accumulator * mantissa[channel] + addend) >> shift, before clamping.

    Args:
        mantissa: int64 [C], 0 <= mantissa < 2**31.
        addend: of accumulators >= 0, with the zero point's share; 64 bits.
        negative: of accumulators < 0.
        shift: 1 to 54.
    """

    mantissa: Int64
    addend: int
    negative: int
    shift: int


@dataclass(frozen=True)
class Range:
    """Smallest and largest accumulator of each channel, int64 [C]; both fit into int32."""

    low: Int64
    high: Int64


def fit(
    factors: NDArray[np.float64], reach: Range, codes: tuple[int, int], zero_point: int, reference: Reference
) -> Fit | None:
    """The fit of all channels, or None where there is none.

    Args:
        factors: real factor of each channel, [C].
        codes: smallest and largest code that is told apart (what lies outside is clamped).
        reference: accumulators [K, C] -> codes less the zero point, monotone in each column.
    """
    steps = codes[1] - codes[0]
    largest = float(factors.max())
    if steps < 1 or steps * len(factors) > _MOST_THRESHOLDS or largest <= 0.0:
        return None
    shift = 31 - int(np.frexp(largest)[1])
    mantissa = np.rint(np.ldexp(factors, shift)).astype(np.int64)
    if not 1 <= shift <= _MOST_SHIFT or int(mantissa.max()) >= 1 << 31:
        return None
    extreme = float(np.max(np.maximum(np.abs(reach.low), np.abs(reach.high)) * factors))
    if extreme + max(map(abs, codes)) >= 2.0**30:
        return None
    offsets = np.arange(codes[0] - zero_point + 1, codes[1] - zero_point + 1, dtype=np.int64)[:, None]
    bound = 1 << min(30 + shift, 61)  # the shifted sum fits into int32, also where every accumulator has the same code
    negative = positive = (-bound, bound)
    for start in range(0, len(offsets), max(1, _CHUNK // len(factors))):
        part = offsets[start : start + max(1, _CHUNK // len(factors))]
        thresholds = _thresholds(part, factors, reach, reference)
        if thresholds is None:
            return None
        below, above = _addends(part, thresholds, mantissa, shift, reach)
        negative, positive = _meet(negative, below), _meet(positive, above)
    both = _meet(negative, positive)
    if both[0] <= both[1]:
        negative = positive = both
    if negative[0] > negative[1] or positive[0] > positive[1]:
        return None
    share = zero_point << shift
    return Fit(mantissa, _choose(*positive) + share, _choose(*negative) + share, shift)


def _meet(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return max(a[0], b[0]), min(a[1], b[1])


def _thresholds(codes: Int64, factors: NDArray[np.float64], reach: Range, reference: Reference) -> Int64 | None:
    """Smallest accumulator with at least each code, [K, C]; one past the range where none has."""
    safe = np.where(factors > 0, factors, 1.0)
    guess = np.where(factors > 0, np.ceil((codes - 0.5) / safe), np.where(codes > 0, np.inf, -np.inf))
    found = np.clip(guess, reach.low.astype(np.float64), reach.high.astype(np.float64) + 1).astype(np.int64)
    for _ in range(64):
        too_high = (found > reach.low) & (reference(np.maximum(found - 1, reach.low)) >= codes)
        too_low = (found <= reach.high) & (reference(np.minimum(found, reach.high)) < codes)
        if not (too_high.any() or too_low.any()):
            return np.asarray(found)
        found = found - too_high + too_low
    return None


def _addends(
    codes: Int64, thresholds: Int64, mantissa: Int64, shift: int, reach: Range
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The addends with which every threshold steps where it must: of negative accumulators, and of the others.

    At a threshold the sum reaches the code; one below it does not.
    """
    target = codes << shift
    at_least, reached = target - thresholds * mantissa, thresholds <= reach.high
    at_most, passed = at_least + mantissa - 1, thresholds > reach.low
    first, last = thresholds < 0, thresholds <= 0  # whether the threshold, and its predecessor, are negative
    return (
        (_largest(at_least, reached & first), _smallest(at_most, passed & last)),
        (_largest(at_least, reached & ~first), _smallest(at_most, passed & ~last)),
    )


def _largest(values: Int64, used: NDArray[np.bool_]) -> int:
    return int(np.max(values, where=used, initial=_EVERYTHING[0]))


def _smallest(values: Int64, used: NDArray[np.bool_]) -> int:
    return int(np.min(values, where=used, initial=_EVERYTHING[1]))


def _choose(low: int, high: int) -> int:
    """The number of an interval that ends in the most zero bits: 32-bit processors then add one word."""
    for bits in range(62, -1, -1):
        candidate = -(-low >> bits) << bits
        if candidate <= high:
            return candidate
    return low
