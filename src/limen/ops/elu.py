"""x where x > 0, else exp(x) - 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Elu(Op):
    """x where x > 0, else exp(x) - 1."""

    name = "Elu"
    arity = (1, 1)
    quant_rule = QuantRule("free", ("int8",))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (np.where(x > 0, x, np.expm1(np.minimum(x, 0))),)


OP = Elu
