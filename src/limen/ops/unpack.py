"""The slices along an axis, without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Unpack(Op):
    """The slices along an axis, without it."""

    name = "Unpack"
    arity = (1, 1)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    count: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        fits = 0 <= self.axis < len(x.shape) and x.shape[self.axis] == self.count
        require(fits, f"axis {self.axis} of {x.shape} does not unpack into {self.count}")
        return (TensorType((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), x.dtype),) * self.count

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        parts = np.moveaxis(value(inputs, 0), self.axis, 0)
        return tuple(np.ascontiguousarray(part) for part in parts)


OP = Unpack
