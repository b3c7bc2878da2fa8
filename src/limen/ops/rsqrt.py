"""1 / sqrt(x)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.errors import DataError
from limen.ops._fixed_point import Multiplier, multiplier, rescale
from limen.ops._inverse_sqrt import inverse_sqrt
from limen.ops._types import tensor_of, value
from limen.ops._unary import Function, infer_unary, look_up, require_codes
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType

_WIDEN = 20  # bits that keep the intermediate value whole


@dataclass(frozen=True)
class Rsqrt(Op):
    """1 / sqrt(x); quantised zero gives the largest code.

    The integer kernels stop the run at a code below the zero point, which rounding alone can cause, so static
    quantisation leaves it in float.
    """

    name = "Rsqrt"
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "int16"))

    def check(self, operands: Operands) -> None:
        require_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if x.dtype == np.float32:
            with np.errstate(invalid="ignore", divide="ignore"):
                return (np.float32(1) / np.sqrt(x),)
        source = tensor_of(operands, 0)
        if x.size and x.min() < source.zero_point:
            raise DataError(f"{source.name}: the quantised inverse square root of a negative number does not exist")
        if x.dtype == np.int16:
            return (look_up(_saturating(operands.outputs[0]), x, operands),)
        return (_codes8(source, operands.outputs[0])[x.astype(np.int64) - source.zero_point],)


def _saturating(target: Tensor) -> Function:
    largest = np.float32(32767) * np.float32(target.scale)
    return lambda real: np.where(real <= 0, largest, np.float32(1) / np.sqrt(real))


def _codes8(source: Tensor, target: Tensor) -> Array:
    """Code of every value x - zero_point = 0 ... 255."""
    mantissa, shift = inverse_sqrt(np.arange(256))
    root = np.sqrt(np.float32(source.scale))
    factor = multiplier(1.0 / float(root * np.float32(target.scale)))
    whole = rescale(np.ones(256, np.int64), Multiplier(mantissa, shift + _WIDEN))
    codes = rescale(whole, Multiplier(factor.mantissa, factor.shift - _WIDEN)) + target.zero_point
    codes[0] = 127
    return np.clip(codes, -128, 127).astype(np.int8)


OP = Rsqrt
