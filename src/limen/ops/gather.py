"""Entries of an axis by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Gather(Op):
    """Entries of an axis by index."""

    name = "Gather"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"), data_inputs=(0,))

    axis: int = 0
    batch_dims: int = 0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, indices = present(inputs, 0, "input"), present(inputs, 1, "indices")
        require_dtype(indices, ("int32", "int64"), "indices")
        b, axis = self.batch_dims, self.axis
        fits = 0 <= b <= axis < len(x.shape) and x.shape[:b] == indices.shape[:b]
        require(fits, f"axis {axis} with {b} batch dimensions does not fit {x.shape} and {indices.shape}")
        return (TensorType((*x.shape[:axis], *indices.shape[b:], *x.shape[axis + 1 :]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, indices = value(inputs, 0), value(inputs, 1)
        if self.batch_dims == 0:
            return (np.take(x, indices, self.axis),)
        lead = x.shape[: self.batch_dims]
        flat = x.reshape(-1, *x.shape[self.batch_dims :])
        rows = indices.reshape(-1, *indices.shape[self.batch_dims :])
        parts = [np.take(a, i, self.axis - self.batch_dims) for a, i in zip(flat, rows, strict=True)]
        return (np.stack(parts).reshape(*lead, *parts[0].shape),)


OP = Gather
