"""a == b, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._comparison import EQUATABLE, RULE, check_comparison, compare, infer_comparison
from limen.program import Array, Op, Operands, Tensor, TensorType


@dataclass(frozen=True)
class Equal(Op):
    """a == b, element by element."""

    name = "Equal"
    arity = (2, 2)
    quant_rule = RULE

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_comparison(inputs, EQUATABLE)

    def check(self, operands: Operands) -> None:
        check_comparison(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (compare(np.equal, inputs, operands),)


OP = Equal
