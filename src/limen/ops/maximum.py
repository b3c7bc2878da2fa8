"""Element-wise max(a, b) with broadcasting; codes are compared as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Maximum(Op):
    """Element-wise max(a, b) with broadcasting; codes are compared as they are."""

    name = "Maximum"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "uint8", "int16", "int32", "int64"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        return (np.where(a > b, a, b),)


OP = Maximum
