"""One multiplication and one shift that equal a two-step rounding, proved for every accumulator that can occur.

A rescaling is a monotone step function of the accumulator, so it is known by its thresholds: the smallest accumulator
that reaches each code. ``(accumulator * mantissa + addend) >> shift`` is the same function where it steps at the same
places. Which addends do that for a given mantissa is an interval; the intervals of all channels must meet.
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


@dataclass(frozen=True)
class Fit:
    """code = (accumulator * mantissa[channel] + addend) >> shift, before clamping.

    Args:
        mantissa: int64 [C], 0 <= mantissa < 2**31.
        addend: with the zero point's share; 64 bits.
        shift: 1 to 54.
    """

    mantissa: Int64
    addend: int
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
    low, high = -(1 << 62), 1 << 62
    for start in range(0, len(offsets), max(1, _CHUNK // len(factors))):
        part = offsets[start : start + max(1, _CHUNK // len(factors))]
        thresholds = _thresholds(part, factors, reach, reference)
        if thresholds is None:
            return None
        least, most = _addends(part, thresholds, mantissa, shift, reach)
        low, high = max(low, least), min(high, most)
    if low > high:
        return None
    return Fit(mantissa, _choose(low, high) + (zero_point << shift), shift)


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


def _addends(codes: Int64, thresholds: Int64, mantissa: Int64, shift: int, reach: Range) -> tuple[int, int]:
    """The addends with which every threshold steps where it must."""
    target = codes << shift
    at_least = np.where(thresholds <= reach.high, target - thresholds * mantissa, -(1 << 62))
    at_most = np.where(thresholds > reach.low, target - (thresholds - 1) * mantissa - 1, 1 << 62)
    return int(at_least.max()), int(at_most.min())


def _choose(low: int, high: int) -> int:
    """The number of an interval that ends in the most zero bits: 32-bit processors then add one word."""
    for bits in range(62, -1, -1):
        candidate = -(-low >> bits) << bits
        if candidate <= high:
            return candidate
    return low
