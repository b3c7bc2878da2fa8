"""x where x >= 0, else exp(x) - 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._libm import expm1
from limen.ops._lut import look_up8
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Elu(Op):
    """x where x >= 0, else exp(x) - 1."""

    name = "Elu"
    quant_rule = QuantRule("free", ("int8",))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if is_codes(operands):
            return (look_up8(x, _elu, tensor_of(operands, 0), operands.outputs[0]),)
        return (_elu(x),)


def _elu(x: Array) -> Array:
    return np.where(x < 0, expm1(np.minimum(x, 0)), x)


OP = Elu
