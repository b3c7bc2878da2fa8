"""The int16 sigmoid and tanh of TFLite's 16x8 scheme: one table of sigmoid(i / 24) in 0.16, interpolated.

tanh(x) = 2 * sigmoid(2 x) - 1, so both read the same table. Inputs are first scaled to three quarters of the table's
range; a scale of 2**-12 (for tanh also 2**-11) needs no multiplication.
"""

from __future__ import annotations

import math

import numpy as np

from limen.errors import ProgramError
from limen.ops._fixed_point import Int64, wrap_int32
from limen.ops._types import require_one_scale, tensor_of
from limen.program import Array, Operands, Tensor, require

# Entries that TFLite's table holds one above the rounded value.
_ONE_MORE = [
    *(4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46),
    *(49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255),
]


def _table() -> Int64:
    values = np.array([round(65536 / (1 + math.exp(-i / 24))) for i in range(256)], np.int64)
    values[_ONE_MORE] += 1
    return values


SIGMOID = _table()


def check_sigmoid16(operands: Operands, exponents: tuple[int, ...]) -> None:
    """Raise ProgramError unless both tensors are symmetric and the output's scale is 2**-15."""
    source, target = tensor_of(operands, 0), operands.outputs[0]
    for tensor, role in ((source, "input"), (target, "output")):
        require_one_scale(tensor, role)
        require(tensor.zero_point == 0, f"{role} {tensor.name} has zero point {tensor.zero_point}; int16 is symmetric")
    require(target.scale == 2.0**-15, f"output {target.name} has scale {target.scale}, expected 2**-15")
    scaled(np.zeros(1, np.int16), source, exponents)


def scaled(codes: Array, source: Tensor, exponents: tuple[int, ...]) -> Int64:
    """Codes in units of the table.

    Args:
        exponents: left shifts, relative to 2**-12, of the scales that need no multiplication.
    """
    log2 = np.log(np.float32(source.scale)) * (np.float32(1) / np.log(np.float32(2)))
    whole = int(np.rint(log2))
    if 12 + whole in exponents and abs(float(log2) - whole) < 1e-3:
        return codes.astype(np.int64) * (3 << (12 + whole))
    factor, shift = source.scale * 4096.0 * 3.0, 0
    while factor <= 32767.0 / 2.0 and shift <= 30:
        factor, shift = factor * 2.0, shift + 1
    if factor >= 2.0**31:
        raise ProgramError(f"input {source.name}: scale {source.scale} is too large for the int16 kernel")
    rounding = 1 << (shift - 1) if shift else 0
    return wrap_int32(codes.astype(np.int64) * int(factor) + rounding) >> shift


def sigmoid16(x: Int64) -> Array:
    """int16 codes of scale 2**-15."""
    magnitude = np.abs(x)
    index = np.minimum(magnitude >> 9, 254)
    slope = SIGMOID[index + 1] - SIGMOID[index]
    value = (SIGMOID[index] << 9) + (magnitude & 0x1FF) * slope
    value = np.where(magnitude >> 9 >= 255, 0x7FFF << 10, value)
    value = np.where(x >= 0, value + (1 << 9), (1 << 25) - value + (1 << 9) - 1)
    return (value >> 10).astype(np.int16)


def tanh16(x: Int64) -> Array:
    """int16 codes of scale 2**-15."""
    magnitude = np.abs(x)
    index = np.minimum(magnitude >> 8, 254)
    slope = SIGMOID[index + 1] - SIGMOID[index]
    value = (SIGMOID[index] << 8) + (magnitude & 0xFF) * slope
    value = np.where(magnitude >> 8 >= 255, 0xFFFF << 8, value)
    value = np.where(x >= 0, value - (1 << 23) + (1 << 7), (1 << 23) - value + (1 << 7) - 1)
    return (value >> 8).astype(np.int16)
