"""Element-wise a / b with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, plain
from limen.ops._types import value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Div(Op):
    """Element-wise a / b with broadcasting."""

    name = "Div"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("uint8",))

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "uint8", "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        return (plain(np.divide, a, b, self.activation),)


OP = Div
