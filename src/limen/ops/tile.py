"""The input repeated along every axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Tile(Op):
    """The input repeated along every axis."""

    name = "Tile"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    multiples: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        fits = len(self.multiples) == len(x.shape) and min(self.multiples, default=0) >= 0
        require(fits, f"multiples {self.multiples} do not fit {x.shape}")
        return (TensorType(tuple(d * m for d, m in zip(x.shape, self.multiples, strict=True)), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.tile(value(inputs, 0), self.multiples),)


OP = Tile
