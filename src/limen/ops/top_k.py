"""The k largest values of the last axis, largest first, and their indices; lower index first among equals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._indices import ascending
from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class TopK(Op):
    """The k largest values of the last axis, largest first, and their indices; lower index first among equals."""

    name = "TopK"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    k: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16", "int32", "int64"), "input")
        require(bool(x.shape) and 0 <= self.k <= x.shape[-1], f"k {self.k} does not fit shape {x.shape}")
        shape = (*x.shape[:-1], self.k)
        return (TensorType(shape, x.dtype), TensorType(shape, "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        backwards = ascending(x[..., ::-1])[..., ::-1]
        order = x.shape[-1] - 1 - backwards[..., : self.k]
        return (np.take_along_axis(x, order, -1), order.astype(np.int32))


OP = TopK
