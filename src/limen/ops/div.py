"""Element-wise a / b with broadcasting; int32 truncates towards zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._binary import check_codes, infer_binary, is_quantised, plain, require_nonzero, to_codes
from limen.ops._fixed_point import Int64, Multiplier, doubling_high_mul, multiplier, wrap_int32
from limen.ops._gemmlowp import one_over_one_plus
from limen.ops._types import tensor_of, value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Div(Op):
    """Element-wise a / b with broadcasting; int32 truncates towards zero."""

    name = "Div"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "uint8", "int16", "int32"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        if is_quantised(operands):
            code_range(operands.outputs[0], self.activation)
            self._factor(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        if not is_quantised(operands):
            if b.dtype == np.float32:
                return (plain(np.divide, a, b, self.activation),)
            require_nonzero(b, 0, tensor_of(operands, 1))
            return (plain(_truncating_divide, a, b, self.activation),)
        first, second = tensor_of(operands, 0), tensor_of(operands, 1)
        require_nonzero(b, second.zero_point, second)
        quotient = _divide_codes(
            a.astype(np.int64) - first.zero_point, b.astype(np.int64) - second.zero_point, self._factor(operands)
        )
        return (to_codes(quotient, operands, self.activation),)

    def _factor(self, operands: Operands) -> Multiplier:
        """Input scale over the product of divisor and output scale, in float32 as the kernel prepares it."""
        a, b, output = tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0]
        return multiplier(float(np.float32(a.scale) / (np.float32(b.scale) * np.float32(output.scale))))


def _truncating_divide(a: Array, b: Array) -> Array:
    quotient = np.abs(a.astype(np.int64)) // np.abs(b.astype(np.int64))
    return quotient * np.sign(a).astype(np.int64) * np.sign(b)


def _divide_codes(a: Int64, b: Int64, factor: Multiplier) -> Int64:
    """factor * a / b for b != 0: a Newton-Raphson reciprocal of |b|, applied with all the head-room of a."""
    a, b = np.broadcast_arrays(np.where(b < 0, -a, a), np.abs(b))
    leading_zeros = 31 - np.floor(np.log2(b)).astype(np.int64)
    reciprocal = one_over_one_plus((b << leading_zeros) - (1 << 31))
    headroom = _sign_bits(a)
    unscaled = doubling_high_mul(a << headroom, reciprocal)
    exponent = 31 - leading_zeros + headroom - factor.shift
    return _divide_by_any_pot(doubling_high_mul(unscaled, factor.mantissa), exponent)


def _sign_bits(a: Int64) -> Int64:
    """Number of bits after the sign bit of an int32 that repeat it."""
    magnitude = np.where(a < 0, ~a, a)
    return np.asarray(31 - np.ceil(np.log2(magnitude + 1)), np.int64)


def _divide_by_any_pot(x: Int64, exponent: Int64) -> Int64:
    """RoundingDivideByPOT as x86 and Arm compute it on int32 where the exponent leaves its range 0 ... 31."""
    mask = wrap_int32((np.int64(1) << np.clip(exponent, 0, 62)) - 1)
    threshold = (mask >> 1) + (x < 0)
    return (x >> (exponent & 31)) + ((x & mask) > threshold)


OP = Div
