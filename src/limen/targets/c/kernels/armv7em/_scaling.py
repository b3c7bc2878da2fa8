"""Requantisation in two instructions, proved equal to the reference for every sum that a layer can reach.

A layer's reference maps an accumulator to a code by a non-decreasing staircase. The kernels compute

    code = saturate((high32(accumulator * 2**prescale * multiplier) + addend) >> shift)

which is SMMLA and SSAT: a straight line, cut into steps. Roundings and the output's zero point are in the addend. Two
staircases are equal on a range when they agree on both sides of every step of one of them, and at the ends of the
range; for a given multiplier, each such point bounds the addend from one side. So the addend is not rounded from a
formula: it is chosen between the bounds, and where no addend lies between them, there is none.

A layer that rounds twice (RoundingDivideByPOT rounds halves away from zero) has a staircase of two lines, one a
little lower below zero. Where its codes reach below the zero point, the *bent* form adds the difference, ``bend``, to
the addend of negative accumulators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

_HIGHEST_SHIFT = 22
_NEIGHBOURS = sorted(range(-6, 7), key=abs)
_LAST = _NEIGHBOURS[-1]
_HOPELESS = 4  # no other base saves a form that fails in every fourth channel
_BASES = 24
_SHARED = 4  # shifts that are multiples of it come first: more layers share a routine
_WORD = 1 << 31


@dataclass(frozen=True, eq=False)
class Staircase:
    """What a layer's reference does to the accumulators of its output channels.

    Args:
        bias: [C] bias less the zero point's share; an accumulator is it and the products of weights and codes.
        lowest, highest: [C] the accumulators' range.
        codes: accumulators int64 [..., C] -> codes, non-decreasing in each channel.
        slope: [C] codes per unit of the accumulator.
        unit: [C] codes per unit of the value that the second rounding sees; None where the reference rounds once.
        zero_point: of the output.
        low, high: smallest and largest code.
    """

    bias: Int64
    lowest: Int64
    highest: Int64
    codes: Callable[[Int64], Int64]
    slope: Float64
    unit: Float64 | None
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Scaling:
    """The constants of a proved form.

    Args:
        bias: [C] where the accumulators start.
        multiplier, addend: int64 [C], each an int32.
        shift: of the saturation.
        prescale: [C] left shift of the accumulators.
        bend: [C] of the bent form, at most 0; None for the straight line.
        constant: bool [C] channels whose code never changes; their accumulators do not matter.
    """

    bias: Int64
    multiplier: Int64
    addend: Int64
    shift: int
    prescale: Int64
    bend: Int64 | None
    constant: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Steps:
    """Points on both sides of each step, as accumulators [P, C], and the codes there.

    ``least``: here the code must be at least ``reached``; ``most``: here it must stay below ``unreached``. Points that
    say nothing repeat those of the range's ends.
    """

    least: Int64
    reached: Int64
    most: Int64
    unreached: Int64

    def at(self, channels: Int64, base: Int64) -> _Steps:
        """Of some channels, less a base."""
        moved = base[channels]
        least, most = self.least[:, channels] - moved, self.most[:, channels] - moved
        return _Steps(least, self.reached[:, channels], most, self.unreached[:, channels])


def fit(stairs: Staircase, prescale: int | Int64) -> Scaling | None:
    """The straight form if it is exact, else the bent one, else None.

    Args:
        prescale: left shift that the kernel applies to the accumulators, or weights carry; one, or one per channel.
    """
    before = np.broadcast_to(np.asarray(prescale, np.int64), stairs.bias.shape)
    steps = _steps(stairs)
    first, last = _ends(stairs)
    shift = _common_shift(stairs, before, first == last)
    if steps is None or shift is None:
        return None
    shared = shift // _SHARED * _SHARED
    shifts = (shared, shift) if shared and shared != shift else (shift,)
    for bent, chosen in product((False, True) if stairs.unit is not None else (False,), shifts):
        scaling = _solve(stairs, steps, before, chosen, bent)
        if scaling is not None and _holds(stairs, steps, scaling):
            return scaling
    return None


def fit_uniform(stairs: Staircase, prescale: int) -> Scaling | None:
    """A straight form with one multiplier and one addend for all channels, where they share one slope; else None."""
    if stairs.low == stairs.high:
        return None
    steps = _steps(stairs)
    before = np.full_like(stairs.bias, prescale)
    shift = _common_shift(stairs, before, np.zeros(len(before), np.bool_))
    reach = np.maximum(np.abs(stairs.lowest), np.abs(stairs.highest)) << before
    if steps is None or shift is None or np.any(stairs.slope != stairs.slope[0]) or np.any(reach >= _WORD):
        return None
    for chosen, delta in product((shift // _SHARED * _SHARED or shift, shift), _NEIGHBOURS):
        multiplier = np.full_like(stairs.bias, round(float(stairs.slope[0]) * 2.0 ** (32 + chosen - prescale)) + delta)
        lower, upper = _bounds(stairs, steps, _Line(multiplier, before, np.zeros_like(before), chosen))
        if lower.max() > upper.min() or not 0 <= multiplier[0] < _WORD:
            continue
        addend = np.full_like(stairs.bias, (max(lower.max(), 1 - _WORD) + min(upper.min(), _WORD - 1)) // 2)
        never = np.zeros(len(before), np.bool_)
        scaling = Scaling(stairs.bias, multiplier, addend, chosen, before, None, never)
        if _holds(stairs, steps, scaling):
            return scaling
    return None


def fit_apart(stairs: Staircase, most: int) -> tuple[Scaling, Int64] | None:
    """Forms of channels whose slopes lie too far apart for one shift: a scaling, and the shift [C] of each channel.

    Args:
        most: bits of left shift that weights can carry.
    """
    first, last = _ends(stairs)
    exponent = np.where(first == last, 1, np.floor(np.log2(np.maximum(stairs.slope, 1e-300))).astype(np.int64))
    parts: list[tuple[Int64, Scaling]] = []
    for value in np.unique(exponent):
        channels = np.flatnonzero(exponent == value)
        part = _part(stairs, channels)
        scaling = fit(part, channel_prescale(part, most))
        if scaling is None:
            return None
        parts.append((channels, scaling))
    order = np.argsort(np.concatenate([channels for channels, _ in parts]))

    def joined(values: list[Int64]) -> Int64:
        return np.asarray(np.concatenate(values)[order])

    found = [scaling for _, scaling in parts]
    bent = any(scaling.bend is not None for scaling in found)
    bends = [np.zeros_like(s.bias) if s.bend is None else s.bend for s in found]
    whole = Scaling(
        joined([s.bias for s in found]), joined([s.multiplier for s in found]), joined([s.addend for s in found]), 0,
        joined([s.prescale for s in found]), joined(bends) if bent else None, first == last,
    )  # fmt: skip
    return whole, joined([np.full_like(s.bias, s.shift) for s in found])


def _part(stairs: Staircase, channels: Int64) -> Staircase:
    """Some channels of a layer."""

    def codes(accumulators: Int64) -> Int64:
        every = np.zeros((*accumulators.shape[:-1], len(stairs.bias)), np.int64)
        every[..., channels] = accumulators
        return stairs.codes(every)[..., channels]

    unit = None if stairs.unit is None else stairs.unit[channels]
    return Staircase(
        stairs.bias[channels], stairs.lowest[channels], stairs.highest[channels], codes, stairs.slope[channels], unit,
        stairs.zero_point, stairs.low, stairs.high,
    )  # fmt: skip


def _bases(stairs: Staircase) -> Iterator[Int64]:
    """Values [C] to take off the accumulators: small ones, after what brings those nearer to zero that never cross it.

    The addend makes up for the base, to a fraction of its unit; some bases leave a better fraction than others.
    """
    yield np.zeros_like(stairs.bias)
    floor = np.where(stairs.lowest > 0, stairs.lowest, np.where(stairs.highest < 0, stairs.highest, 0))
    for extra in range(_BASES):
        yield floor + (extra if extra % 2 else -extra)


def _ends(stairs: Staircase) -> tuple[Int64, Int64]:
    return stairs.codes(stairs.lowest), stairs.codes(stairs.highest)


def _common_shift(stairs: Staircase, before: Int64, constant: NDArray[np.bool_]) -> int | None:
    """The largest shift for which all multipliers and all lines fit into 32 bits."""
    used = ~constant
    if not used.any():
        return 8
    steepest = np.max(np.log2(stairs.slope[used]) - before[used])
    far = np.maximum(np.abs(stairs.lowest), np.abs(stairs.highest))
    largest = float(np.max(far[used] * stairs.slope[used])) + abs(stairs.zero_point) + 2
    shift = min(int(np.floor(31 - 32 - steepest - 1e-6)), int(np.floor(31 - np.log2(largest))), _HIGHEST_SHIFT)
    return shift if shift >= 1 else None


def _steps(stairs: Staircase) -> _Steps | None:
    """The first accumulator of each code, by a guess from the slope and a search around it; None where it is not."""
    first, last = _ends(stairs)
    values = np.arange(stairs.low + 1, stairs.high + 1, dtype=np.int64)[:, None]
    guess = np.ceil((values - 0.5 - stairs.zero_point) / np.maximum(stairs.slope, 1e-300))
    begin, end = stairs.lowest, stairs.highest
    at = np.clip(guess, begin - 1, end + 1).astype(np.int64)
    for _ in range(4):
        at = np.where(stairs.codes(np.clip(at - 1, begin, end)) >= values, np.maximum(at - 1, begin), at)
        at = np.where(stairs.codes(np.clip(at, begin, end)) < values, np.minimum(at + 1, end + 1), at)
    above = stairs.codes(np.clip(at, begin, end)) >= values
    below = stairs.codes(np.clip(at - 1, begin, end)) < values
    inside = above & below & (at > begin) & (at <= end)
    outside = (values <= first) | (values > last)
    if not np.all(inside | outside | (first == last)):
        return None
    return _Steps(
        np.where(inside, at, stairs.lowest),
        np.where(inside, values, first),
        np.where(inside, at - 1, stairs.highest),
        np.where(inside, values, last + 1),
    )


def _solve(stairs: Staircase, steps: _Steps, before: Int64, shift: int, bent: bool) -> Scaling | None:
    """Multipliers near the exact ones with an addend between all bounds, for every channel that is not constant."""
    bend = np.zeros_like(stairs.bias)
    if bent:
        assert stairs.unit is not None
        crosses = (stairs.lowest < 0) & (stairs.highest > 0)
        bend = np.where(crosses, -np.round(stairs.unit * 2.0**shift), 0).astype(np.int64)
    first, last = _ends(stairs)
    constant = np.asarray(first == last)
    exact = np.where(constant, 0.0, np.round(stairs.slope * np.exp2(32.0 + shift - before))).astype(np.int64)
    bias, multiplier, addend = np.where(constant, 0, stairs.bias), np.zeros_like(stairs.bias), first << shift
    unsolved = np.flatnonzero(~constant)
    for base, delta in product(_bases(stairs), _NEIGHBOURS) if unsolved.size else ():
        candidate = np.clip(exact[unsolved] + delta, 0, _WORD - 1)
        line = _Line(candidate, before[unsolved], bend[unsolved], shift)
        lower, upper = _bounds(stairs, steps.at(unsolved, base), line)
        reach = np.maximum(np.abs(stairs.lowest - base), np.abs(stairs.highest - base)) << before
        found = (lower <= upper) & (reach[unsolved] < _WORD)
        solved = unsolved[found]
        bias[solved] -= base[solved]
        multiplier[solved] = candidate[found]
        addend[solved] = ((lower + upper) // 2)[found]
        unsolved = unsolved[~found]
        if not unsolved.size or (delta == _LAST and unsolved.size * _HOPELESS > stairs.bias.size):
            break
    if unsolved.size or np.any(np.abs(addend) >= _WORD):
        return None
    return Scaling(bias, multiplier, addend, shift, before, bend if bent else None, constant)


@dataclass(frozen=True, eq=False)
class _Line:
    """A form without its addend."""

    multiplier: Int64
    before: Int64
    bend: Int64
    shift: int

    def __call__(self, accumulators: Int64) -> Int64:
        scaled: Int64 = (accumulators << self.before) * self.multiplier >> 32
        return scaled + np.where(accumulators < 0, self.bend, 0)


def _bounds(stairs: Staircase, steps: _Steps, line: _Line) -> tuple[Int64, Int64]:
    """Smallest and largest addend [C] that put every point on its step."""
    lower = (steps.reached << line.shift) - line(steps.least)
    upper = (steps.unreached << line.shift) - 1 - line(steps.most)
    free_low, free_high = steps.reached <= max(stairs.low, -128), steps.unreached > min(stairs.high, 127)
    lower = np.where(free_low, -(1 << 40), lower)
    upper = np.where(free_high, 1 << 40, upper)
    return lower.max(axis=0), upper.min(axis=0)


def channel_prescale(stairs: Staircase, most: int = 8) -> Int64:
    """Left shifts [C] of at most ``most`` bits that bring the channels' multipliers as close as possible."""
    first, last = _ends(stairs)
    used = first != last
    exponent = np.floor(np.log2(np.where(used, stairs.slope, 1.0))).astype(np.int64)
    steepest = exponent[used].max(initial=-64)
    return np.where(used, np.clip(most - (steepest - exponent), 0, most), most)


def apply(scaling: Scaling, accumulators: Int64) -> Int64:
    """What the kernels compute from accumulators [..., C], before the clamp to an activation's range."""
    bend = np.zeros_like(scaling.bias) if scaling.bend is None else scaling.bend
    line = _Line(scaling.multiplier, scaling.prescale, bend, scaling.shift)
    return np.asarray(np.clip((line(accumulators) + scaling.addend) >> scaling.shift, -128, 127), np.int64)


def _holds(stairs: Staircase, steps: _Steps, scaling: Scaling) -> bool:
    """The proof: both sides of every step, and both ends of the range, lie where the reference has them."""
    moved = scaling.bias - stairs.bias
    above = np.maximum(apply(scaling, steps.least + moved), stairs.low)
    below = np.minimum(apply(scaling, steps.most + moved), stairs.high)
    right = (above >= steps.reached) & (below < np.maximum(steps.unreached, stairs.low + 1))
    return bool(np.all(right | scaling.constant))
