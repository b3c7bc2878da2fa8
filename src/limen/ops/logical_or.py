"""a or b, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._comparison import infer_comparison
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class LogicalOr(Op):
    """a or b, element by element."""

    name = "LogicalOr"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_comparison(inputs, ("bool",))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.logical_or(value(inputs, 0), value(inputs, 1)),)


OP = LogicalOr
