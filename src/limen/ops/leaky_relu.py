"""x where x > 0, else alpha * x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class LeakyRelu(Op):
    """x where x > 0, else alpha * x."""

    name = "LeakyRelu"
    arity = (1, 1)
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    alpha: float = 0.2

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (np.where(x > 0, x, x * np.float32(self.alpha)),)


OP = LeakyRelu
