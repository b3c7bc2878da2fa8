"""The same elements in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Reshape(Op):
    """The same elements in another shape."""

    name = "Reshape"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    shape: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(math.prod(self.shape) == x.size, f"{x.name} {x.shape} does not reshape to {self.shape}")
        return (TensorType(self.shape, x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (value(inputs, 0).reshape(self.shape),)


OP = Reshape
