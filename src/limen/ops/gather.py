"""Entries of an axis by index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._indices import require_within
from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Gather(Op):
    """Entries of an axis by index.

    Args:
        axis: of the input that the indices count along.
        batch_dims: leading axes that input and indices share.
    """

    name = "Gather"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"), data_inputs=(0,))

    axis: int = 0
    batch_dims: int = 0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, indices = present(inputs, 0, "input"), present(inputs, 1, "indices")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"), "input")
        require_dtype(indices, ("int16", "int32", "int64"), "indices")
        b, axis = self.batch_dims, self.axis
        fits = 0 <= b <= axis < len(x.shape) and b <= len(indices.shape) and x.shape[:b] == indices.shape[:b]
        require(fits, f"axis {axis} with {b} batch dimensions does not fit {x.shape} and {indices.shape}")
        return (TensorType((*x.shape[:axis], *indices.shape[b:], *x.shape[axis + 1 :]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, indices, b = value(inputs, 0), value(inputs, 1).astype(np.int64), self.batch_dims
        require_within(indices, x.shape[self.axis], tensor_of(operands, 1).name)
        batches = math.prod(x.shape[:b])
        inner = x.size // max(batches * x.shape[self.axis], 1)
        flat = np.moveaxis(x, self.axis, b).reshape(batches, x.shape[self.axis], inner)
        rows = indices.reshape(batches, math.prod(indices.shape[b:]))
        taken = flat[np.arange(batches)[:, None], rows]
        rest = (*x.shape[b : self.axis], *x.shape[self.axis + 1 :])
        taken = taken.reshape((*x.shape[:b], *indices.shape[b:], *rest))
        first = range(b, len(indices.shape))
        return (np.asarray(np.moveaxis(taken, first, [i + self.axis - b for i in first]), order="C"),)


OP = Gather
