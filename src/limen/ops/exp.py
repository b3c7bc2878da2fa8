"""e to the power x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._libm import exp
from limen.ops._types import value
from limen.ops._unary import infer_unary, look_up, require_codes
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Exp(Op):
    """e to the power x; int8 and int16 through a lookup table."""

    name = "Exp"
    quant_rule = QuantRule("free", ("int8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "int16"))

    def check(self, operands: Operands) -> None:
        require_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (exp(x) if x.dtype == np.float32 else look_up(exp, x, operands),)


OP = Exp
