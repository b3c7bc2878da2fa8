"""Indices as rows with one entry on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, require_same_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class OneHot(Op):
    """Indices as rows with one entry on.

    Args:
        axis: where the new axis goes.
        depth: its extent; an index outside gives a row of off values.
    """

    name = "OneHot"
    arity = (3, 3)
    quant_rule = QuantRule("same", ("int8", "uint8"), data_inputs=(1, 2))

    axis: int = 0
    depth: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        indices, on, off = (present(inputs, i, role) for i, role in enumerate(("indices", "on", "off")))
        require_dtype(indices, ("int32", "int64"), "indices")
        require_dtype(on, ("float32", "int8", "uint8", "int32", "int64", "bool"), "on")
        require_same_dtype(on, off)
        require(on.size == off.size == 1, f"on {on.shape} and off {off.shape} must have one element each")
        require(self.depth >= 0, f"depth {self.depth} is negative")
        require(0 <= self.axis <= len(indices.shape), f"axis {self.axis} does not fit shape {indices.shape}")
        shape = (*indices.shape[: self.axis], self.depth, *indices.shape[self.axis :])
        return (TensorType(shape, on.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        indices = np.expand_dims(value(inputs, 0).astype(np.int32), self.axis)
        places = np.arange(self.depth).reshape([-1 if i == self.axis else 1 for i in range(indices.ndim)])
        on, off = (value(inputs, i).reshape(()) for i in (1, 2))
        return (np.where(indices == places, on, off),)


OP = OneHot
