"""Element-wise a - floor(a / b) * b with broadcasting, on plain numbers; the sign follows b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, plain, require_nonzero
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class FloorMod(Op):
    """Element-wise a - floor(a / b) * b with broadcasting, on plain numbers; the sign follows b."""

    name = "FloorMod"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "int16", "int32", "int64"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        if b.dtype != np.float32:
            require_nonzero(b, 0, tensor_of(operands, 1))
        return (plain(_floored_remainder, a, b, "none"),)


def _floored_remainder(a: Array, b: Array) -> Array:
    remainder = np.fmod(a, b)
    return np.where((remainder != 0) & ((b < 0) != (remainder < 0)), remainder + b, remainder)


OP = FloorMod
