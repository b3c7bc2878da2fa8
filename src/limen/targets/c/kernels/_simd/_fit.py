"""One fp32 multiply-add that equals the integer requantisation, with a proof per channel.

The reference maps an accumulator A to a code by integer roundings; it never decreases with A. Nor does
``code(A) = clamp(rne(fma(float(A - shift), slope, offset)))`` for slope > 0: conversion, fused multiply-add and
rounding are monotone. Two monotone maps into at most 256 codes are equal on [least, most] if they agree on both sides
of every step of the reference and at the two ends, which is what ``fit`` checks, with the multiply-add rounded exactly:
once where the instruction set fuses it, else the product and the sum one by one.

The reference rounds halves away from zero, and rounds twice: seen from a straight line, its steps for negative
accumulators are displaced against those for positive ones. Where both matter (an output without ReLU), one offset
cannot serve; two offsets, chosen by the sign of A, can, and each half is proved by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limen.program import Array

Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Codes = Callable[[Int64], Int64]
"""Accumulators [n, C] -> codes [n, C]: the reference, valid while no accumulator leaves int32."""

_NUDGES = (0, *(sign * k for k in range(1, 11) for sign in (1, -1)))
_PLACES = (0.5, 0.3, 0.7, 0.1, 0.9)
_HOPELESS = -1e-3
"""Steps of the slope move the bounds by less than this."""
_WINDOW = np.arange(-3, 4)
_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Arithmetic:
    """How an instruction set computes.

    Args:
        multiply_add: (integers, slopes, offsets), rounded as it rounds.
        limit: results below this are rounded to integers correctly.
    """

    multiply_add: Callable[[Int64, Float32, Float32], Float32]
    limit: float


@dataclass(frozen=True, eq=False)
class Span:
    """What is known of the accumulators of one layer's channels.

    Args:
        least, most: int64 [C], the range that inputs can reach, bias included.
        scale: float64 [C], codes per unit of accumulator.
        zero_point, low, high: of the codes.
        codes: the reference.
    """

    least: Int64
    most: Int64
    scale: Float64
    zero_point: int
    low: int
    high: int
    codes: Codes


@dataclass(frozen=True, eq=False)
class Fit:
    """Constants of the multiply-add per channel.

    Args:
        proven: bool [C]; where it is not set the other fields mean nothing.
        slope: float32 [C].
        offsets: float32 [C] each: one for all accumulators, or one for those below 0 and one for the others.
        shift: int64 [C], to subtract from the accumulator before it becomes a float; 0 where there are two offsets.
    """

    proven: NDArray[np.bool_]
    slope: Float32
    offsets: tuple[Float32, ...]
    shift: Int64


@dataclass(frozen=True, eq=False)
class _Points:
    """Accumulators whose code decides, [steps, C]: at ``up`` at least ``code`` is due, at ``down`` less than it."""

    code: Int64
    up: Int64
    down: Int64
    up_counts: NDArray[np.bool_]
    down_counts: NDArray[np.bool_]

    def take(self, channels: Array) -> _Points:
        return _Points(
            self.code,
            self.up[:, channels],
            self.down[:, channels],
            self.up_counts[:, channels],
            self.down_counts[:, channels],
        )


def fit(span: Span, how: Arithmetic) -> Fit:
    """Search constants for every channel and prove them: one offset per channel if that proves all, else the better."""
    usable = (span.least > -_INT32 + 8) & (span.most < _INT32 - 8) & (span.scale > 0) & np.isfinite(span.scale)
    single = _fit_sides(span, usable, (span,), _shifts(span), how)
    if single.proven.all():
        return single
    below, above = np.minimum(span.most, -1), np.maximum(span.least, 0)
    halves = (replace(span, most=np.maximum(below, span.least)), replace(span, least=np.minimum(above, span.most)))
    double = _fit_sides(span, usable, halves, np.zeros_like(span.least), how)
    return double if double.proven.sum() > single.proven.sum() else single


def _fit_sides(span: Span, usable: NDArray[np.bool_], sides: Sequence[Span], shifts: Int64, how: Arithmetic) -> Fit:
    """One slope per channel, and one offset per side of the accumulators' range."""
    steps = [_points(side, usable) for side in sides]
    located = np.logical_and.reduce([sure for _, sure in steps])
    reach = np.maximum(np.abs(span.most - shifts), np.abs(span.least - shifts))
    possible = usable & located & (reach * span.scale < how.limit) & (reach < _INT32)
    base = span.scale.astype(np.float32)
    slope, proven = np.zeros_like(base), np.zeros(base.shape, np.bool_)
    offsets = tuple(np.zeros_like(base) for _ in sides)
    for nudge in _NUDGES:
        todo = np.flatnonzero(possible & ~proven)
        if not todo.size:
            break
        slopes = (base[todo] + np.float32(nudge) * np.spacing(base[todo])).astype(np.float32)
        bounds = [_bounds(points.take(todo), shifts[todo], slopes) for points, _ in steps]
        room = np.min([upper - lower for lower, upper in bounds], axis=0)
        possible[todo[room < _HOPELESS]] = False
        near = np.flatnonzero((room > 0) & (slopes > 0))
        todo, slopes = todo[near], slopes[near]
        found = [
            _find_offset(points.take(todo), shifts[todo], slopes, lower[near], upper[near], how)
            for (points, _), (lower, upper) in zip(steps, bounds, strict=True)
        ]
        good = np.logical_and.reduce([agreed for _, agreed in found])
        slope[todo[good]], proven[todo[good]] = slopes[good], True
        for side, (values, _) in zip(offsets, found, strict=True):
            side[todo[good]] = values[good]
    return Fit(proven, slope, offsets, shifts)


def _points(span: Span, usable: NDArray[np.bool_]) -> tuple[_Points, NDArray[np.bool_]]:
    """The steps of the reference, and the channels where they were located for certain."""
    code = np.arange(span.low + 1, span.high + 1, dtype=np.int64)[:, None]
    scale = np.where(usable, span.scale, 1.0)
    guess = np.ceil((code - span.zero_point - 0.5) / scale)
    guess = np.clip(guess, span.least - 4, span.most + 4).astype(np.int64)
    reached = np.stack([span.codes(guess + d) >= code for d in _WINDOW])
    first = guess + _WINDOW[0] + np.argmax(reached, axis=0)
    always = reached[0] & (first <= span.least)
    never = ~reached[-1] & (guess + _WINDOW[-1] >= span.most)
    sure = (reached[-1] & ~reached[0]) | always | never
    up_counts = ~never & (first <= span.most)
    down_counts = never | (first - 1 >= span.least)
    up = np.maximum(first, span.least)
    down = np.where(never, span.most, np.minimum(first - 1, span.most))
    return _Points(code, up, down, up_counts, down_counts), np.asarray(sure.all(axis=0))


def _shifts(span: Span) -> Int64:
    """Accumulator whose code is about 0: results around zero have the finest fp32 spacing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shifts = np.rint((0 - span.zero_point) / span.scale)
    fits = (np.abs(shifts) < 2**30) & (span.most - shifts < 2**24) & (span.least - shifts > -(2**24))
    return np.where(fits, shifts, 0).astype(np.int64)


def _find_offset(
    points: _Points, shifts: Int64, slopes: Float32, lower: Float64, upper: Float64, how: Arithmetic
) -> tuple[Float32, NDArray[np.bool_]]:
    """An offset per channel between its bounds, and whether it is proven."""
    offset, agreed = np.zeros_like(slopes), np.zeros(slopes.shape, np.bool_)
    for place in _PLACES:
        todo = np.flatnonzero(~agreed)
        if not todo.size:
            break
        offsets = np.nan_to_num(lower[todo] + (upper[todo] - lower[todo]) * place).astype(np.float32)
        good = _agrees(points.take(todo), shifts[todo], slopes[todo], offsets, how)
        offset[todo[good]], agreed[todo[good]] = offsets[good], True
    return offset, agreed


def _bounds(points: _Points, shifts: Int64, slopes: Float32) -> tuple[Float64, Float64]:
    """Between which the offset must lie, were there no rounding."""
    target = points.code - 0.5
    wide = slopes.astype(np.float64)
    lower = np.where(points.up_counts, target - (points.up - shifts) * wide, -np.inf).max(axis=0, initial=-np.inf)
    upper = np.where(points.down_counts, target - (points.down - shifts) * wide, np.inf).min(axis=0, initial=np.inf)
    lower = np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper - 1.0, 0.0))
    upper = np.where(np.isfinite(upper), upper, lower + 1.0)
    return lower, upper


def _agrees(points: _Points, shifts: Int64, slopes: Float32, offsets: Float32, how: Arithmetic) -> NDArray[np.bool_]:
    """Channels whose multiply-add gives what is due at every point."""
    due = np.rint(how.multiply_add(points.up - shifts, slopes, offsets)) >= points.code
    agreed = (due | ~points.up_counts).all(axis=0)
    some = np.flatnonzero(agreed)
    rest = points.take(some)
    below = np.rint(how.multiply_add(rest.down - shifts[some], slopes[some], offsets[some])) < rest.code
    agreed = np.asarray(agreed)
    agreed[some] = (below | ~rest.down_counts).all(axis=0)
    return np.asarray(agreed)


def fused_multiply_add(values: Int64, slopes: Float32, offsets: Float32) -> Float32:
    """fma(float(values), slopes, offsets) in fp32 with one rounding.

    The product of two floats is exact in float64; the sum is rounded to odd there, so that rounding it again to fp32 is
    the correct rounding of the exact sum (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    """
    product = values.astype(np.float32).astype(np.float64) * slopes.astype(np.float64)
    product, addend = np.broadcast_arrays(product, offsets.astype(np.float64))
    total = product + addend
    virtual = total - product
    error = (product - (total - virtual)) + (addend - virtual)
    even = (total.view(np.int64) & 1) == 0
    nudged = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.asarray(np.where((error != 0) & even, nudged, total), np.float32)


def multiply_then_add(values: Int64, slopes: Float32, offsets: Float32) -> Float32:
    """float(values) * slopes + offsets in fp32 with a rounding each."""
    return np.asarray(values.astype(np.float32) * slopes + offsets, np.float32)


FUSED = Arithmetic(fused_multiply_add, 2.0**30)
TWICE = Arithmetic(multiply_then_add, 2.0**21)
"""Results become integers by the addition of 1.5 * 2^23."""
