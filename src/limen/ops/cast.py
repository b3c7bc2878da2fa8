"""Convert the element type as C does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, DType, Op, Operands, Tensor, TensorType


@dataclass(frozen=True)
class Cast(Op):
    """Convert the element type as C does."""

    name = "Cast"
    arity = (1, 1)

    dtype: DType = "float32"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        return (TensorType(x.shape, self.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        with np.errstate(invalid="ignore"):
            return (value(inputs, 0).astype(self.dtype),)


OP = Cast
