"""Element-wise a - floor(a / b) * b with broadcasting; the sign follows b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, plain
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class FloorMod(Op):
    """Element-wise a - floor(a / b) * b with broadcasting; the sign follows b."""

    name = "FloorMod"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "int16", "int32", "int64"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        return (plain(np.mod, a, b, "none"),)


OP = FloorMod
