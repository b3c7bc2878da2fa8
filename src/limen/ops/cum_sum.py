"""Running sum along an axis; integers wrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class CumSum(Op):
    """Running sum along an axis; integers wrap.

    Args:
        exclusive: leave the element itself out of its sum.
        reverse: sum from the end.
    """

    name = "CumSum"
    quant_rule = QuantRule("none")

    axis: int = 0
    exclusive: bool = False
    reverse: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int32", "int64"), "input")
        require(0 <= self.axis < len(x.shape), f"axis {self.axis} does not fit shape {x.shape}")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = np.moveaxis(value(inputs, 0), self.axis, 0)
        ordered = x[::-1] if self.reverse else x
        if self.exclusive:
            ordered = np.concatenate([np.zeros_like(ordered[:1]), ordered[:-1]])
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.cumsum(ordered, 0, dtype=x.dtype)
        return (np.asarray(np.moveaxis(total[::-1] if self.reverse else total, 0, self.axis), order="C"),)


OP = CumSum
