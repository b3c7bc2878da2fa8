"""Element-wise a + b with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, is_quantised, plain
from limen.ops._sum import HEADROOM, check_sum, sum_codes
from limen.ops._types import value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Add(Op):
    """Element-wise a + b with broadcasting."""

    name = "Add"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"), headroom=HEADROOM)

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "uint8", "int16", "int32", "int64"))

    def check(self, operands: Operands) -> None:
        check_sum(operands, self.activation, plain_int16=True)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        if is_quantised(operands):
            return (sum_codes(inputs, operands, self.activation, 1),)
        return (plain(np.add, value(inputs, 0), value(inputs, 1), self.activation),)


OP = Add
