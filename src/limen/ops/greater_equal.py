"""a >= b, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import broadcast_shapes, present, require_dtype, require_same_dtype, value
from limen.program import Array, Op, Operands, Tensor, TensorType


@dataclass(frozen=True)
class GreaterEqual(Op):
    """a >= b, element by element."""

    name = "GreaterEqual"
    arity = (2, 2)

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        a, b = present(inputs, 0, "first"), present(inputs, 1, "second")
        require_same_dtype(a, b)
        require_dtype(a, ("float32", "int32", "int64", "bool"), "first")
        return (TensorType(broadcast_shapes(a, b), "bool"),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.greater_equal(value(inputs, 0), value(inputs, 1)),)


OP = GreaterEqual
