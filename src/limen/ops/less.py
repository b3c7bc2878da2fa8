"""a < b, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._comparison import ORDERED, RULE, check_comparison, compare, infer_comparison
from limen.program import Array, Op, Operands, Tensor, TensorType


@dataclass(frozen=True)
class Less(Op):
    """a < b, element by element."""

    name = "Less"
    arity = (2, 2)
    quant_rule = RULE

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_comparison(inputs, ORDERED)

    def check(self, operands: Operands) -> None:
        check_comparison(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (compare(np.less, inputs, operands, raw16=True),)


OP = Less
