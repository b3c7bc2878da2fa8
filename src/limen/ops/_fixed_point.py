"""Fixed-point arithmetic of TFLite's reference kernels, on whole arrays, to the bit.

Sources: gemmlowp's fixed-point headers (saturating rounding doubling high multiply, rounding divide by a power of
two); Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(2018), section 2.2; TFLite's 8-bit and 16x8 quantisation specifications. The double-rounding form is the one that
LiteRT's packages are built with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limen.errors import ProgramError
from limen.program import Array

Int64 = NDArray[np.int64]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A real factor as mantissa * 2**(shift - 31).

    Args:
        mantissa: int32 with 2**30 <= |mantissa| < 2**31, or 0; a scalar or one per channel.
        shift: the power of two; positive shifts left.
    """

    mantissa: Int64
    shift: Int64


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Mantissa and shift of one double; factors under 2**-32 become 0.

    Raises:
        ProgramError: the factor is not finite, or needs a left shift that int32 cannot hold.
    """
    if real == 0.0:
        return 0, 0
    if not math.isfinite(real) or abs(real) >= 2.0**30:
        raise ProgramError(f"the rescaling factor {real:g} does not fit fixed point; a scale is out of range")
    fraction, shift = math.frexp(real)
    mantissa = round_half_away(fraction * 2.0**31)
    if mantissa == 2**31:
        mantissa, shift = mantissa // 2, shift + 1
    return (0, 0) if shift < -31 else (mantissa, shift)


def multiplier(real: float) -> Multiplier:
    """One factor for all elements."""
    mantissa, shift = quantize_multiplier(real)
    return Multiplier(np.asarray(mantissa, np.int64), np.asarray(shift, np.int64))


def multipliers(reals: Array) -> Multiplier:
    """One factor per channel, along the last axis; float64 [C].

    Raises:
        ProgramError: like ``quantize_multiplier``.
    """
    worst = float(np.max(np.where(np.isfinite(reals), np.abs(reals), np.inf), initial=0.0))
    if worst >= 2.0**30:
        quantize_multiplier(worst)
    fraction, exponent = np.frexp(reals)
    mantissa = round_away(fraction * 2.0**31).astype(np.int64)
    carry = mantissa == 1 << 31
    shift = exponent.astype(np.int64) + carry
    mantissa = np.where(carry, 1 << 30, mantissa)
    vanishes = (shift < -31) | (reals == 0.0)
    return Multiplier(np.where(vanishes, 0, mantissa), np.where(vanishes, 0, shift))


def smaller_than_one(real: float, what: str) -> Multiplier:
    """A factor that the kernel requires to lie strictly between 0 and 1.

    Raises:
        ProgramError: it does not; ``what`` names the factor.
    """
    if not 0.0 < real < 1.0 or quantize_multiplier(real)[1] > 0:
        raise ProgramError(f"{what} is {real:g}, the integer kernel needs it between 0 and 1")
    return multiplier(real)


def round_half_away(real: float) -> int:
    """Nearest integer of a double, halves away from zero (C's ``round``)."""
    return int(math.copysign(math.floor(abs(real) + 0.5), real)) if abs(real) < 2**52 else int(real)


def round_away(values: Array) -> Array:
    """Nearest whole number of each element in its own float type, halves away from zero (C's ``round``, ``roundf``)."""
    whole = np.trunc(values)
    half = np.abs(values - whole) >= 0.5
    result: Array = whole + np.where(half, np.copysign(values.dtype.type(1), values), values.dtype.type(0))
    return result


def wrap_int32(values: ArrayLike) -> Int64:
    """Two's complement wrap of int64 values to the int32 range, kept as int64."""
    narrow = np.asarray(values, np.int64).astype(np.int32)
    return np.asarray(narrow, np.int64)


def doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int64:
    """gemmlowp's SaturatingRoundingDoublingHighMul of int32 values held as int64: round(a * b / 2**31), halves up."""
    product: Int64 = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    result: Int64 = np.minimum((product + (1 << 30)) >> 31, INT32_MAX)
    return result


def divide_by_pot(values: ArrayLike, exponent: ArrayLike) -> Int64:
    """gemmlowp's RoundingDivideByPOT: round(x / 2**exponent), halves away from zero."""
    x = np.asarray(values, np.int64)
    half = (np.int64(1) << np.asarray(exponent, np.int64)) >> 1
    return np.asarray((x + half - ((x < 0) & (half > 0))) >> exponent, np.int64)


def rescale(values: Array, factor: Multiplier) -> Int64:
    """MultiplyByQuantizedMultiplier for int32 accumulators; channels run along the last axis.

    Args:
        values: int32 values in an array of any integer type.

    Returns:
        int64 array of int32 values.
    """
    x = np.asarray(values, np.int64)
    left = np.maximum(factor.shift, 0)
    if np.any(left):
        x = wrap_int32(x << left)
    return divide_by_pot(doubling_high_mul(x, factor.mantissa), np.maximum(-factor.shift, 0))


def rescale_int64(values: Array, factor: Multiplier) -> Int64:
    """MultiplyByQuantizedMultiplier for int64 accumulators (16x8): a 16-bit mantissa and one rounding, halves up.

    Args:
        values: int64, |value| < 2**47.
    """
    reduced = np.where(factor.mantissa < 0x7FFF0000, (factor.mantissa + (1 << 15)) >> 16, 0x7FFF)
    total = 15 - factor.shift
    return wrap_int32((np.asarray(values, np.int64) * reduced + (np.int64(1) << (total - 1))) >> total)


@dataclass(frozen=True, slots=True)
class Requantization:
    """How accumulators become codes.

    Args:
        factor: a scalar, or one per channel of the last axis.
        zero_point: of the codes.
        low: smallest code.
        high: largest code.
        dtype: of the codes.
        wide: accumulators are int64 (16x8 kernels with an int64 bias); else int32, wrapping.
    """

    factor: Multiplier
    zero_point: int
    low: int
    high: int
    dtype: str
    wide: bool = False

    def __call__(self, values: Array, bias: Array | None, magnitude: float) -> Array:
        """Codes of (values + bias), in blocks that stay in cache.

        Args:
            values: [..., C] exact whole numbers of any numeric type.
            bias: [C], or None.
            magnitude: no |value| exceeds it.
        """
        if values.size == 0:
            return np.empty(values.shape, self.dtype)
        channels = values.shape[-1]
        flat = values.reshape(-1, channels)
        out = np.empty(flat.shape, self.dtype)
        wraps = magnitude + (float(np.abs(bias.astype(np.float64)).max(initial=0)) if bias is not None else 0) >= 2**31
        rows = max(1, _BLOCK // max(channels, 1))
        for start in range(0, flat.shape[0], rows):
            block = flat[start : start + rows].astype(np.int64)
            if bias is not None:
                block += bias
            if wraps and not self.wide:
                block = wrap_int32(block)
            block = rescale_int64(block, self.factor) if self.wide else _rescale_in_place(block, self.factor)
            block += self.zero_point
            out[start : start + rows] = np.clip(block, self.low, self.high, out=block)
        return out.reshape(values.shape)


def _rescale_in_place(x: Int64, factor: Multiplier) -> Int64:
    """``rescale`` without temporaries, for mantissas > INT32_MIN."""
    left, right = np.maximum(factor.shift, 0), np.maximum(-factor.shift, 0)
    if np.any(left):
        x = wrap_int32(x << left)
    x *= factor.mantissa
    x += 1 << 30
    x >>= 31
    half = (np.int64(1) << right) >> 1
    sign = x >> 63
    if not np.all(half):
        sign &= -(half > 0).astype(np.int64)
    x += sign
    x += half
    x >>= right
    return x
