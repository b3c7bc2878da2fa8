"""Equal parts along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Split(Op):
    """Equal parts along an axis."""

    name = "Split"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    parts: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16", "int32", "int64"), "input")
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        fits = self.parts > 0 and x.shape[self.axis] % self.parts == 0
        require(fits, f"axis {self.axis} of {x.shape} does not split into {self.parts} equal parts")
        shape = (*x.shape[: self.axis], x.shape[self.axis] // self.parts, *x.shape[self.axis + 1 :])
        return (TensorType(shape, x.dtype),) * self.parts

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return tuple(np.split(value(inputs, 0), self.parts, self.axis))


OP = Split
