"""The slices along an axis, without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_same_parameters, tensors
from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Unpack(Op):
    """The slices along an axis, without it."""

    name = "Unpack"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    count: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "bool"), "input")
        fits = 0 <= self.axis < len(x.shape) and x.shape[self.axis] == self.count and x.size > 0
        require(fits, f"axis {self.axis} of {x.shape} does not unpack into {self.count}")
        return (TensorType((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), x.dtype),) * self.count

    def check(self, operands: Operands) -> None:
        require_same_parameters(tensors(operands))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        parts = np.moveaxis(value(inputs, 0), self.axis, 0)
        return tuple(np.asarray(part, order="C") for part in parts)


OP = Unpack
