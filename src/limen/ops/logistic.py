"""1 / (1 + exp(-x))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Logistic(Op):
    """1 / (1 + exp(-x))."""

    name = "Logistic"
    arity = (1, 1)
    quant_rule = QuantRule(
        "fixed", ("int8", "int16"), {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}
    )

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return ((1 / (1 + np.exp(-x))).astype(x.dtype),)


OP = Logistic
