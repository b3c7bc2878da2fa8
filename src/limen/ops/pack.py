"""Stack equal tensors along a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_same_parameters, tensors
from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Pack(Op):
    """Stack equal tensors along a new axis."""

    name = "Pack"
    arity = (1, 1024)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16", "int32", "uint32", "int64"), "input")
        same = all(t is not None and t.type == x.type for t in inputs)
        require(same and 0 <= self.axis <= len(x.shape), f"inputs differ or axis {self.axis} does not fit {x.shape}")
        return (TensorType((*x.shape[: self.axis], len(inputs), *x.shape[self.axis :]), x.dtype),)

    def check(self, operands: Operands) -> None:
        require_same_parameters(tensors(operands))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.stack([value(inputs, i) for i in range(len(inputs))], self.axis),)


OP = Pack
