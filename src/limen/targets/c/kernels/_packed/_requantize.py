"""Rescaling that merges the reference's two roundings, and the proofs that it may.

gemmlowp rounds twice: r = floor((a*m + 2^30) / 2^31), then (r + 2^(e-1) - [r < 0]) >> e. With q = mulh(4a, m), which
is floor(a*m / 2^30), the first is (q + 1) >> 1, and nested floors are one::

    (q - 2*[q < 0] + 1 + 2^e) >> (e + 1)

At q = -1, where r is 0, both forms give 0, so the sign of q serves for that of r. The zero point joins the constant:
1 + (2 * zero point + 1) * 2^e.

Channels that do not fit the form often need not: what codes of the input can reach gives one code only (the channel is
dead), or two. Those get constants that give the same codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import Int64, Multiplier, Requantization, rescale
from limen.program import Array
from limen.targets.c._kernel import Site

_SHIFTS = range(1, 22)
_SUMS = 1 << 29
_CODE_LOW, _CODE_HIGH = -128, 127
_STEP_MANTISSA, _STEP_SHIFT = 1 << 30, 18


@dataclass(frozen=True, eq=False)
class Channels:
    """A layer's channels as the assembler rescales them.

    Args:
        weights: int8 [O, K]; zeros for channels of one code.
        bias: [O], the input zero point's share included; sums with it stay below 2^29.
        mantissa, shift: [O]; mantissa < 2^31, shift from 1 to 21.
        zero_point, low, high: of the output's codes.
    """

    weights: Array
    bias: Int64
    mantissa: Int64
    shift: Int64
    zero_point: int
    low: int
    high: int

    @property
    def rounding(self) -> int:
        return 2 * self.zero_point + 1


def biases(site: Site, weights: Array) -> Int64:
    """The bias with the input zero point's share, for weights [O, K]: sums may then run over plain codes."""
    tensor = site.optional(2)
    plain = np.zeros(len(weights), np.int64) if tensor is None else np.asarray(tensor.data, np.int64)
    total: Int64 = plain - site.input(0).zero_point * weights.astype(np.int64).sum(axis=1)
    return total


def fit(weights: Array, bias: Int64, how: Requantization) -> Channels | None:
    """The channels of int8 weights [O, K], or None where a channel does not fit the merged form."""
    found = [_channel(row, int(b), _pick(how, i)) for i, (row, b) in enumerate(zip(weights, bias, strict=True))]
    fitting = [channel for channel in found if channel is not None]
    if len(fitting) < len(found):
        return None
    bias, mantissa, shift, dead = (np.array(column, np.int64) for column in zip(*fitting, strict=True))
    live = np.where(dead[:, None] != 0, 0, weights).astype(np.int8)
    return Channels(live, bias, mantissa, shift, how.zero_point, how.low, how.high)


def _pick(how: Requantization, index: int) -> Requantization:
    """The rescaling of one channel."""
    mantissa, shift = (np.atleast_1d(v) for v in (how.factor.mantissa, how.factor.shift))
    at = index if len(mantissa) > 1 else 0
    factor = Multiplier(np.asarray(mantissa[at]), np.asarray(shift[at]))
    return Requantization(factor, how.zero_point, how.low, how.high, how.dtype)


def _channel(row: Array, bias: int, how: Requantization) -> tuple[int, int, int, bool] | None:
    """Bias, mantissa, shift, and whether the channel has one code only; None where the form does not fit."""
    wide = row.astype(np.int64)
    least = bias + int(np.minimum(wide * _CODE_LOW, wide * _CODE_HIGH).sum())
    most = bias + int(np.maximum(wide * _CODE_LOW, wide * _CODE_HIGH).sum())
    if least < -(1 << 31) or most >= 1 << 31:
        return None
    first, last = code(how, least), code(how, most)
    mantissa, shift = int(how.factor.mantissa), -int(how.factor.shift)
    if first == last:
        return (first - how.zero_point) << 2, _STEP_MANTISSA, 1, True
    if shift in _SHIFTS and max(-least, most) < _SUMS:
        return bias, mantissa, shift, False
    if last - first == 1:
        return _two_codes(bias, least, most, how)
    return None


def code(how: Requantization, total: int) -> int:
    """The reference's code of a sum."""
    return int(np.clip(rescale(np.asarray(total), how.factor) + how.zero_point, how.low, how.high))


def _two_codes(bias: int, least: int, most: int, how: Requantization) -> tuple[int, int, int, bool] | None:
    """A step at the same sum, by a factor of 2^-19."""
    first = code(how, least)
    below, above = least, most
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if code(how, middle) == first else (below, middle)
    target = ((first + 1 - how.zero_point) << (_STEP_SHIFT + 1)) - (1 << _STEP_SHIFT) - 1
    offset = target + (2 if target < -1 else 0) - above
    plain = Requantization(how.factor, how.zero_point, -(1 << 30), 1 << 30, how.dtype)
    same = all(
        _merged(total + offset, _STEP_MANTISSA, _STEP_SHIFT, how.zero_point) == code(plain, total)
        for total in (least, below, above, most)
    )
    fits = max(abs(least + offset), abs(most + offset)) < _SUMS
    return (bias + offset, _STEP_MANTISSA, _STEP_SHIFT, False) if same and fits else None


def _merged(total: int, mantissa: int, shift: int, zero_point: int) -> int:
    """What the assembler computes, before the clamp."""
    q = (4 * total * mantissa) >> 32
    return (q - 2 * (q < 0) + 1 + ((2 * zero_point + 1) << shift)) >> (shift + 1)
