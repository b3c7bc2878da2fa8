"""x / sqrt(sum of squares over the last axis)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class L2Norm(Op):
    """x / sqrt(sum of squares over the last axis)."""

    name = "L2Norm"
    arity = (1, 1)
    quant_rule = QuantRule("fixed", ("int8",), {"int8": (1 / 128, 0), "uint8": (1 / 128, 128)})

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (x / np.maximum(np.sqrt(np.sum(x * x, axis=-1, keepdims=True)), np.float32(1e-6)),)


OP = L2Norm
