"""Element-wise floor(a / b) with broadcasting, on plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import infer_binary, plain, require_nonzero
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class FloorDiv(Op):
    """Element-wise floor(a / b) with broadcasting, on plain numbers."""

    name = "FloorDiv"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "int16", "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        require_nonzero(b, 0, tensor_of(operands, 1))
        return (plain(_floor_of_quotient, a, b, "none"),)


def _floor_of_quotient(a: Array, b: Array) -> Array:
    """The quotient is taken in float64, as the kernel takes it; the one that overflows wraps."""
    quotient = np.floor(a.astype(np.float64) / b.astype(np.float64))
    return quotient.astype(np.float32) if a.dtype == np.float32 else quotient.astype(np.int64).astype(a.dtype)


OP = FloorDiv
