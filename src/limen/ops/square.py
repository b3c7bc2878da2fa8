"""x * x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import value
from limen.ops._unary import infer_unary
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Square(Op):
    """x * x."""

    name = "Square"
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32",))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        with np.errstate(over="ignore"):
            return (np.square(value(inputs, 0)),)


OP = Square
