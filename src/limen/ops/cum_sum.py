"""Running sum along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, Tensor, TensorType, require


@dataclass(frozen=True)
class CumSum(Op):
    """Running sum along an axis."""

    name = "CumSum"
    arity = (1, 1)

    axis: int = 0
    exclusive: bool = False
    reverse: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int32", "int64"), "input")
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        ordered = np.flip(x, self.axis) if self.reverse else x
        total = np.cumsum(ordered, self.axis, dtype=x.dtype)
        if self.exclusive:
            total = total - ordered
        return (np.ascontiguousarray(np.flip(total, self.axis) if self.reverse else total),)


OP = CumSum
