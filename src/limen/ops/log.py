"""Natural logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._libm import log
from limen.ops._types import value
from limen.ops._unary import infer_unary, look_up, require_codes
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Log(Op):
    """Natural logarithm; int8 and int16 through a lookup table, where values <= 0 give the smallest code."""

    name = "Log"
    quant_rule = QuantRule("free", ("int8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "int16"))

    def check(self, operands: Operands) -> None:
        require_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, target = value(inputs, 0), operands.outputs[0]
        if x.dtype == np.float32:
            return (log(x),)
        smallest = np.float32(np.iinfo(x.dtype).min - target.zero_point) * np.float32(target.scale)

        def logarithm(real: Array) -> Array:
            return np.where(real <= 0, smallest, log(real))

        return (look_up(logarithm, x, operands),)


OP = Log
