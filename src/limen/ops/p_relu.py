"""Parametric rectifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import broadcast_shapes, present, require_dtype, require_same_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class PRelu(Op):
    """x where x >= 0, else alpha * x; alpha broadcasts to x."""

    name = "PRelu"
    arity = (2, 2)
    quant_rule = QuantRule("weighted", ("int8", "uint8"), weights=1)

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, alpha = present(inputs, 0, "input"), present(inputs, 1, "alpha")
        require_dtype(x, ("float32", "int8", "uint8"), "input")
        require_same_dtype(x, alpha)
        shape = broadcast_shapes(x, alpha)
        require(shape == x.shape, f"alpha {alpha.shape} does not broadcast to the input {x.shape}")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, alpha = value(inputs, 0), value(inputs, 1)
        return (np.where(x >= 0, x, x * alpha),)


OP = PRelu
