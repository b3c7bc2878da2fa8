"""Indices as rows with one entry on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, Tensor, TensorType, require


@dataclass(frozen=True)
class OneHot(Op):
    """Indices as rows with one entry on."""

    name = "OneHot"
    arity = (3, 3)

    axis: int = 0
    depth: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        indices, on = present(inputs, 0, "indices"), present(inputs, 1, "on")
        require_dtype(indices, ("int32", "int64"), "indices")
        require(0 <= self.axis <= len(indices.shape), f"axis {self.axis} does not fit shape {indices.shape}")
        shape = (*indices.shape[: self.axis], self.depth, *indices.shape[self.axis :])
        return (TensorType(shape, on.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        indices = np.expand_dims(value(inputs, 0), self.axis)
        places = np.arange(self.depth).reshape([-1 if i == self.axis else 1 for i in range(indices.ndim)])
        return (np.where(indices == places, value(inputs, 1), value(inputs, 2)),)


OP = OneHot
