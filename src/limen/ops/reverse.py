"""The input backwards along axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Reverse(Op):
    """The input backwards along axes."""

    name = "Reverse"
    arity = (1, 1)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(all(0 <= a < len(x.shape) for a in self.axes), f"axes {self.axes} do not fit shape {x.shape}")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.ascontiguousarray(np.flip(value(inputs, 0), self.axes)),)


OP = Reverse
