"""Parts of given sizes along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class SplitV(Op):
    """Parts of given sizes along an axis."""

    name = "SplitV"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    sizes: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16", "int32", "int64"), "input")
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        fits = bool(self.sizes) and min(self.sizes) >= 0 and sum(self.sizes) == x.shape[self.axis]
        require(fits, f"sizes {self.sizes} do not add up to axis {self.axis} of {x.shape}")
        shapes = [(*x.shape[: self.axis], s, *x.shape[self.axis + 1 :]) for s in self.sizes]
        return tuple(TensorType(shape, x.dtype) for shape in shapes)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return tuple(np.split(value(inputs, 0), np.cumsum(self.sizes)[:-1], self.axis))


OP = SplitV
