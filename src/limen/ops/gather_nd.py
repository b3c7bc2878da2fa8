"""Slices by coordinate: the last axis of the indices holds coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._indices import require_within
from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class GatherNd(Op):
    """Slices by coordinate: the last axis of the indices holds coordinates."""

    name = "GatherNd"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"), data_inputs=(0,))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, indices = present(inputs, 0, "input"), present(inputs, 1, "indices")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"), "input")
        require_dtype(indices, ("int16", "int32", "int64"), "indices")
        depth = indices.shape[-1] if indices.shape else 0
        require(0 < depth <= len(x.shape), f"indices {indices.shape} do not fit shape {x.shape}")
        return (TensorType((*indices.shape[:-1], *x.shape[depth:]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, coordinates = value(inputs, 0), np.moveaxis(value(inputs, 1), -1, 0)
        for axis, places in enumerate(coordinates):
            require_within(places, x.shape[axis], tensor_of(operands, 1).name)
        return (x[tuple(coordinates)],)


OP = GatherNd
