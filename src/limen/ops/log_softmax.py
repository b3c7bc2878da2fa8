"""Logarithm of the softmax over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._fixed_point import INT32_MIN, Multiplier, divide_by_pot, rescale, smaller_than_one
from limen.ops._gemmlowp import log_of_at_least_one
from limen.ops._softmax import INPUT_BITS, SUM_BITS, Scaling, exponentials, scaling
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require

_OUTPUT_BITS = 4


@dataclass(frozen=True)
class LogSoftmax(Op):
    """Logarithm of the softmax over the last axis."""

    name = "LogSoftmax"
    quant_rule = QuantRule("fixed", ("int8",), {"int8": (16 / 256, 127), "uint8": (16 / 256, 255)})

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        source, target = tensor_of(operands, 0), operands.outputs[0]
        require(bool(source.shape) and source.shape[-1] > 0, f"input {source.name} {source.shape} has no last axis")
        if is_codes(operands):
            scale, zero_point = self.quant_rule.fixed[target.dtype]
            exact = target.scale == scale and target.zero_point == zero_point
            require(exact, f"output {target.name} has {target.quant}, expected scale {scale}, zero point {zero_point}")
            _reverse(scaling(1.0, source.scale))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if is_codes(operands):
            return (_codes(x, scaling(1.0, tensor_of(operands, 0).scale)),)
        shifted = x - x.max(axis=-1, keepdims=True)
        return (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)),)


def _codes(x: Array, scale: Scaling) -> Array:
    differences, _, sums = exponentials(x, scale)
    log_sum = log_of_at_least_one(sums, SUM_BITS, INPUT_BITS)
    least = np.maximum(scale.least - 1, rescale(log_sum + INT32_MIN, _reverse(scale)))
    info = np.iinfo(x.dtype)
    logs = divide_by_pot(scale(differences) - log_sum, 31 - INPUT_BITS - _OUTPUT_BITS) + info.max
    codes = np.where(differences > least, np.clip(logs, info.min, info.max), info.min)
    return codes.astype(x.dtype)


def _reverse(scale: Scaling) -> Multiplier:
    """From Q5.26 back to differences of codes."""
    return smaller_than_one((1 << (31 - scale.shift)) / scale.mantissa, "the inverse of the input scale")


OP = LogSoftmax
