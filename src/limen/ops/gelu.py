"""Gaussian error linear unit, exact or in its tanh approximation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Gelu(Op):
    """Gaussian error linear unit, exact or in its tanh approximation."""

    name = "Gelu"
    arity = (1, 1)
    quant_rule = QuantRule("free", ("int8", "uint8"))

    approximate: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (x,)


OP = Gelu
