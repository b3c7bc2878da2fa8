"""x * min(max(x + 3, 0), 6) / 6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._fixed_point import Int64, divide_by_pot, quantize_multiplier
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class HardSwish(Op):
    """x * min(max(x + 3, 0), 6) / 6."""

    name = "HardSwish"
    quant_rule = QuantRule("free", ("int8", "uint8"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        if is_codes(operands):
            source, target = tensor_of(operands, 0), operands.outputs[0]
            exponent = _multiplier16(_fine(source), target.scale)[1]
            require(exponent <= 0, f"input scale {source.scale} is too large for output scale {target.scale}")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if is_codes(operands):
            return (_codes(x, tensor_of(operands, 0), operands.outputs[0]),)
        return (x * np.clip(x + np.float32(3), np.float32(0), np.float32(6)) / np.float32(6),)


def _fine(source: Tensor) -> np.float32:
    """The input scale with 7 more bits."""
    return np.float32(1 / 128) * np.float32(source.scale)


def _codes(x: Array, source: Tensor, target: Tensor) -> Array:
    """16-bit fixed point: x on the output scale times the clamped gate (TFLite's HARD_SWISH reference kernel)."""
    fine = (x.astype(np.int64) - source.zero_point) << 7
    mantissa, exponent = _multiplier16(_fine(source), target.scale)
    gate_mantissa, gate_exponent = _multiplier16(_fine(source), 3.0 / 32768.0)
    on_output_scale = _high_mul16(fine, mantissa)
    gate = fine
    if gate_exponent > 0:
        gate = _saturate16(gate << (gate_exponent - 1))
    gate = _high_mul16(gate, gate_mantissa)
    if gate_exponent > 0:
        gate = _saturate16(gate << 1)
    elif gate_exponent < 0:
        gate = divide_by_pot(gate, -gate_exponent)
    gate = (gate + (1 << 15)) >> 1
    product = gate * on_output_scale
    product = np.where(product < 0, -(-product >> 15), product >> 15)
    info = np.iinfo(target.dtype)
    codes = divide_by_pot(product, -exponent) + target.zero_point
    return np.clip(codes, info.min, info.max).astype(target.dtype)


def _multiplier16(numerator: np.float32, denominator: float) -> tuple[int, int]:
    """A float32 ratio as a 16-bit mantissa and an exponent."""
    mantissa, exponent = quantize_multiplier(float(numerator / np.float32(denominator)))
    return min((mantissa + (1 << 15)) >> 16, 32767), exponent


def _high_mul16(a: Int64, b: int) -> Int64:
    """SaturatingRoundingDoublingHighMul of int16 values."""
    return (a * b + (1 << 14)) >> 15


def _saturate16(values: Int64) -> Int64:
    return np.asarray(np.clip(values, -32768, 32767), np.int64)


OP = HardSwish
