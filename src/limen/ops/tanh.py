"""Hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops import _libm
from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._lut import look_up8
from limen.ops._sigmoid16 import check_sigmoid16, scaled, tanh16
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Tanh(Op):
    """Hyperbolic tangent."""

    name = "Tanh"
    quant_rule = QuantRule(
        "fixed", ("int8", "int16"), {"int8": (1 / 128, 0), "uint8": (1 / 128, 128), "int16": (1 / 32768, 0)}
    )

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8", "int16"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        if operands.outputs[0].dtype == "int16":
            check_sigmoid16(operands, (0, 1))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source = value(inputs, 0), tensor_of(operands, 0)
        if x.dtype == np.int16:
            return (tanh16(scaled(x, source, (0, 1))),)
        if is_codes(operands):
            return (look_up8(x, _libm.tanh, source, operands.outputs[0]),)
        return (np.tanh(x),)


OP = Tanh
