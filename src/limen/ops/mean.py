"""Mean over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._reduce import infer_reduce
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Mean(Op):
    """Mean over axes.

    Args:
        axes: distinct, >= 0.
        keep_dims: keep the reduced axes with extent 1.
    """

    name = "Mean"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()
    keep_dims: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_reduce(inputs, self.axes, self.keep_dims)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (np.asarray(np.mean(x, axis=self.axes, keepdims=self.keep_dims), x.dtype),)


OP = Mean
