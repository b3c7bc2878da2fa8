"""1 / (1 + exp(-x))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._libm import exp
from limen.ops._lut import look_up8
from limen.ops._sigmoid16 import check_sigmoid16, scaled, sigmoid16
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require

_UPPER, _LOWER = np.float32(16.619047164916992), np.float32(-9)


@dataclass(frozen=True)
class Logistic(Op):
    """1 / (1 + exp(-x))."""

    name = "Logistic"
    quant_rule = QuantRule(
        "fixed", ("int8", "int16"), {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}
    )

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8", "int16"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        target = operands.outputs[0]
        if target.dtype == "int16":
            check_sigmoid16(operands, (0,))
        elif is_codes(operands):
            require(target.scale == 1 / 256, f"output {target.name} has scale {target.scale}, expected 1/256")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source = value(inputs, 0), tensor_of(operands, 0)
        if x.dtype == np.int16:
            return (sigmoid16(scaled(x, source, (0,))),)
        if is_codes(operands):
            return (look_up8(x, _sigmoid, source, operands.outputs[0]),)
        return (_clipped_sigmoid(x),)


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(x.dtype.type(1) / (x.dtype.type(1) + exp(-x)))


def _clipped_sigmoid(x: Array) -> Array:
    """TFLite's float kernel: 1 above 16.62, exp(x) below -9."""
    with np.errstate(over="ignore"):
        inside = 1 / (1 + np.exp(-x))
    return np.where(x > _UPPER, x.dtype.type(1), np.where(x < _LOWER, np.exp(np.minimum(x, 0)), inside))


OP = Logistic
