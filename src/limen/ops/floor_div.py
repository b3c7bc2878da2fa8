"""Element-wise floor(a / b) with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, plain
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class FloorDiv(Op):
    """Element-wise floor(a / b) with broadcasting."""

    name = "FloorDiv"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "int16", "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        return (plain(np.floor_divide, a, b, "none"),)


OP = FloorDiv
