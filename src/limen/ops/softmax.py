"""exp(beta * x) normalised over the last axis."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._fixed_point import Int64, Multiplier, divide_by_pot, doubling_high_mul, multiplier, rescale
from limen.ops._gemmlowp import one_over_one_plus
from limen.ops._lut import look_up16, table16
from limen.ops._softmax import SUM_BITS, exponentials, leading_zeros, scaling
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Softmax(Op):
    """exp(beta * x) normalised over the last axis."""

    name = "Softmax"
    quant_rule = QuantRule(
        "fixed", ("int8", "int16"), {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}
    )

    beta: float = 1.0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8", "int16"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        source, target = tensor_of(operands, 0), operands.outputs[0]
        require(bool(source.shape) and source.shape[-1] > 0, f"input {source.name} {source.shape} has no last axis")
        if target.dtype in ("int8", "int16"):
            scale, zero_point = self.quant_rule.fixed[target.dtype]
            near = abs(target.scale - scale) <= 1e-3 * scale and target.zero_point == zero_point
            require(near, f"output {target.name} has {target.quant}, expected scale {scale}, zero point {zero_point}")
        if target.dtype == "int16":
            self._int16_factor(source)
        elif is_codes(operands):
            scaling(self._beta, source.scale)

    @property
    def _beta(self) -> float:
        return float(np.float32(self.beta))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source = value(inputs, 0), tensor_of(operands, 0)
        if x.dtype == np.int16:
            return (_int16(x, self._int16_factor(source)),)
        if is_codes(operands):
            return (self._codes(x, source.scale),)
        exps = np.exp((x - x.max(axis=-1, keepdims=True)) * x.dtype.type(self.beta))
        return (exps / exps.sum(axis=-1, keepdims=True),)

    def _codes(self, x: Array, input_scale: float) -> Array:
        _, exps, sums = exponentials(x, scaling(self._beta, input_scale))
        zeros = leading_zeros(sums)
        reciprocal = one_over_one_plus((sums << zeros) - (1 << 31))
        info = np.iinfo(x.dtype)
        shares = divide_by_pot(doubling_high_mul(exps, reciprocal), SUM_BITS - zeros + 31 - 8)
        return np.clip(shares + info.min, info.min, info.max).astype(x.dtype)

    def _int16_factor(self, source: Tensor) -> Multiplier:
        return multiplier(float(np.float32(source.scale) * np.float32(self.beta)) / (10.0 / 65535.0))


def _int16(x: Array, factor: Multiplier) -> Array:
    """exp and 1 / (1 + x) by interpolated tables over [-10, 0] and [0, 1]."""
    exp_table, reciprocal_table = _tables()
    values = x.astype(np.int64)
    differences = rescale(values - values.max(axis=-1, keepdims=True), factor)
    exps = look_up16(np.clip(differences + 32767, -32768, 32767), exp_table)
    sums = exps.sum(axis=-1, keepdims=True)
    zeros = leading_zeros(sums)
    shifted = ((sums << (zeros - 1)) + (1 << 13)) >> 14
    reciprocal = look_up16(np.clip(shifted - (1 << 15) - (1 << 16), -32768, 32767), reciprocal_table)
    right = 31 - zeros
    return np.asarray(np.clip((exps * reciprocal + (np.int64(1) << (right - 1))) >> right, 0, 32767), np.int16)


@functools.cache
def _tables() -> tuple[Int64, Int64]:
    exp = table16(np.exp, 10.0 / 65535, 32767, 2.0 / 65535, 0, np.float64)
    return exp, table16(lambda x: 1.0 / (1.0 + x), 1.0 / 65535, -32768, 2.0 / 65535, 0, np.float64)


OP = Softmax
