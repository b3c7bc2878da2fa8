"""Index of the smallest value along an axis; the first of equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, DType, Op, Operands, Tensor, TensorType, require


@dataclass(frozen=True)
class ArgMin(Op):
    """Index of the smallest value along an axis; the first of equal ones."""

    name = "ArgMin"
    arity = (1, 1)

    axis: int = 0
    dtype: DType = "int64"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        return (TensorType((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), self.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.asarray(np.argmin(value(inputs, 0), self.axis), self.dtype),)


OP = ArgMin
