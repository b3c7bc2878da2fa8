"""Logarithm of the softmax over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class LogSoftmax(Op):
    """Logarithm of the softmax over the last axis."""

    name = "LogSoftmax"
    arity = (1, 1)
    quant_rule = QuantRule("fixed", ("int8",), {"int8": (16 / 256, 127), "uint8": (16 / 256, 255)})

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (x,)


OP = LogSoftmax
