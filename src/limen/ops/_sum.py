"""Addition and subtraction of codes, to the bit (TFLite's ADD and SUB reference kernels)."""

from __future__ import annotations

from collections.abc import Sequence

from limen.ops._activation import code_range
from limen.ops._binary import check_codes, common_scale, is_quantised, rescale_down, to_codes, to_common_scale
from limen.ops._fixed_point import Multiplier, smaller_than_one
from limen.program import Activation, Array, DType, Operands

# The sum at twice the wider input's scale, with the left shift's bits below the point, still ends in a factor under 1.
HEADROOM: dict[DType, int] = {"int8": 19, "uint8": 19, "int16": 14}


def left_shift(operands: Operands) -> int:
    """Head-room bits: 15 for int16, 20 for 8-bit codes."""
    return 15 if operands.outputs[0].dtype == "int16" else 20


def check_sum(operands: Operands, activation: Activation, plain_int16: bool) -> None:
    """Raise ProgramError for scales that the kernel cannot hold in fixed point."""
    check_codes(operands, plain_int16)
    if is_quantised(operands):
        code_range(operands.outputs[0], activation)
        output_factor(operands)


def output_factor(operands: Operands) -> Multiplier:
    """From the common scale to the output's.

    Raises:
        ProgramError: it is not smaller than 1.
    """
    real = common_scale(operands) / ((1 << left_shift(operands)) * operands.outputs[0].scale)
    return smaller_than_one(real, "the ratio of input scale to output scale")


def sum_codes(inputs: Sequence[Array | None], operands: Operands, activation: Activation, sign: int) -> Array:
    """Codes of a + sign * b."""
    a, b = to_common_scale(inputs, operands, left_shift(operands))
    return to_codes(rescale_down(a + sign * b, output_factor(operands)), operands, activation)
