"""The fixed-point exponentials that Softmax and LogSoftmax share (Jacob et al. 2018; TFLite's reference kernels)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from limen.errors import ProgramError
from limen.ops._fixed_point import Int64, divide_by_pot, doubling_high_mul, quantize_multiplier, wrap_int32
from limen.ops._gemmlowp import exp_on_negative_values
from limen.program import Array

INPUT_BITS = 5
SUM_BITS = 12


@dataclass(frozen=True, slots=True)
class Scaling:
    """How differences of codes become Q5.26.

    Args:
        mantissa: int32.
        shift: to the left.
        least: differences below it count as minus infinity.
    """

    mantissa: int
    shift: int
    least: int

    def __call__(self, differences: Int64) -> Int64:
        shifted = wrap_int32(np.maximum(differences, self.least) << self.shift)
        return doubling_high_mul(shifted, self.mantissa)


def scaling(beta: float, input_scale: float) -> Scaling:
    """The scaling of beta * input_scale.

    Raises:
        ProgramError: the product is too small for the kernel.
    """
    real = min(beta * input_scale * (1 << (31 - INPUT_BITS)), 2.0**31 - 1)
    if not real > 1.0:
        raise ProgramError(f"beta {beta:g} times input scale {input_scale:g} is too small for the integer kernel")
    mantissa, shift = _quantize(real)
    radius = ((1 << INPUT_BITS) - 1) * (1 << (31 - INPUT_BITS)) / (1 << shift)
    return Scaling(mantissa, shift, -math.floor(radius))


def _quantize(real: float) -> tuple[int, int]:
    """Like ``quantize_multiplier``, for factors up to 2**31."""
    mantissa, shift = quantize_multiplier(real / 4.0)
    return mantissa, shift + 2


def exponentials(codes: Array, scale: Scaling) -> tuple[Int64, Int64, Int64]:
    """Along the last axis: differences from the maximum, their exponentials in Q0.31, the sums of these in Q12.19."""
    values = codes.astype(np.int64)
    differences = values - values.max(axis=-1, keepdims=True)
    exps = np.where(differences >= scale.least, exp_on_negative_values(scale(differences), INPUT_BITS), 0)
    sums = divide_by_pot(exps, SUM_BITS).sum(axis=-1, keepdims=True)
    return differences, exps, wrap_int32(sums)


def leading_zeros(values: Int64) -> Int64:
    """Of positive int32 values."""
    return np.asarray(31 - np.floor(np.log2(values)), np.int64)
