"""Index of the smallest value along an axis; the first of equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._indices import first_minimum
from limen.ops._types import present, require_dtype, value
from limen.program import Array, DType, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class ArgMin(Op):
    """Index of the smallest value along an axis; the first of equal ones, and nan only where all are."""

    name = "ArgMin"
    quant_rule = QuantRule("free", ("int8", "uint8"))

    axis: int = 0
    dtype: DType = "int64"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int32", "bool"), "input")
        require(self.dtype in ("int32", "int64"), f"{self.dtype} cannot hold an index, use int32 or int64")
        fits = 0 <= self.axis < len(x.shape) and x.shape[self.axis] > 0
        require(fits, f"axis {self.axis} does not fit shape {x.shape}, or is empty")
        return (TensorType((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), self.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.asarray(first_minimum(value(inputs, 0), self.axis), self.dtype),)


OP = ArgMin
