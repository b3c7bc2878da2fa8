"""-x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import value
from limen.ops._unary import infer_unary
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Neg(Op):
    """-x of the stored numbers: codes are negated without their zero point, and the smallest integer stays itself.

    That is why static quantisation leaves it in float.
    """

    name = "Neg"
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "float16", "int8", "int16", "int32", "int64"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.negative(value(inputs, 0)),)


OP = Neg
