"""-1, 0 or 1; nan stays nan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import value
from limen.ops._unary import infer_unary
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Sign(Op):
    """-1, 0 or 1; nan stays nan."""

    name = "Sign"
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "float64", "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.sign(value(inputs, 0)),)


OP = Sign
