"""Insert an axis of extent 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_same_parameters, require_symmetric_int16, tensors
from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class ExpandDims(Op):
    """Insert an axis of extent 1."""

    name = "ExpandDims"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(0 <= self.axis <= len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        return (TensorType((*x.shape[: self.axis], 1, *x.shape[self.axis :]), x.dtype),)

    def check(self, operands: Operands) -> None:
        require_same_parameters(tensors(operands))
        require_symmetric_int16(tensors(operands))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.expand_dims(value(inputs, 0), self.axis),)


OP = ExpandDims
