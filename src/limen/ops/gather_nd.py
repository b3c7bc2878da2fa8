"""Slices by coordinate: the last axis of the indices holds coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class GatherNd(Op):
    """Slices by coordinate: the last axis of the indices holds coordinates."""

    name = "GatherNd"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"), data_inputs=(0,))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, indices = present(inputs, 0, "input"), present(inputs, 1, "indices")
        require_dtype(indices, ("int32", "int64"), "indices")
        depth = indices.shape[-1] if indices.shape else 0
        require(0 < depth <= len(x.shape), f"indices {indices.shape} do not fit shape {x.shape}")
        return (TensorType((*indices.shape[:-1], *x.shape[depth:]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (value(inputs, 0)[tuple(np.moveaxis(value(inputs, 1), -1, 0))],)


OP = GatherNd
