"""Element-wise a ** b with broadcasting; int32 exponents may not be negative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.errors import DataError
from limen.ops._binary import infer_binary, plain
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType

_NEARLY_WHOLE = 1e-5


@dataclass(frozen=True)
class Pow(Op):
    """Element-wise a ** b with broadcasting; int32 exponents may not be negative."""

    name = "Pow"
    arity = (2, 2)
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int32"))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        a, b = value(inputs, 0), value(inputs, 1)
        if b.dtype == np.int32 and np.any(b < 0):
            raise DataError(f"{tensor_of(operands, 1).name}: an int32 exponent is negative")
        whole = int(np.rint(b.flat[0])) if b.size == 1 and a.shape != b.shape else 0
        if whole >= 1 and abs(float(b.flat[0]) - whole) < _NEARLY_WHOLE:
            return (plain(lambda x, _: _whole_power(x, whole), a, b, "none").reshape(operands.outputs[0].shape),)
        return (plain(np.power, a, b, "none"),)


def _whole_power(x: Array, exponent: int) -> Array:
    """Repeated squaring: what the kernel does for one nearly whole exponent."""
    if exponent == 1:
        return x
    root = _whole_power(x, exponent // 2)
    square = root * root
    return x * square if exponent % 2 else square


OP = Pow
