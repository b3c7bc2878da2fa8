"""min(max(x, 0), 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._elementwise import check_clamp, clamp, infer_unary
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Relu0To1(Op):
    """min(max(x, 0), 1)."""

    name = "Relu0To1"
    quant_rule = QuantRule("free", ("int8", "uint8"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8"))

    def check(self, operands: Operands) -> None:
        check_clamp(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (clamp(value(inputs, 0), operands, 0.0, 1.0),)


OP = Relu0To1
