"""min(max(x, 0), 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Relu0To1(Op):
    """min(max(x, 0), 1)."""

    name = "Relu0To1"
    arity = (1, 1)
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8"), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (np.clip(x, 0, 1),)


OP = Relu0To1
