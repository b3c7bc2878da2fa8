"""Gaussian error linear unit, x * Phi(x), exact or in its tanh approximation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._libm import erfc, tanh
from limen.ops._lut import look_up8, look_up16, table16
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Gelu(Op):
    """Gaussian error linear unit, x * Phi(x), exact or in its tanh approximation."""

    name = "Gelu"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    approximate: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8", "int16"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source, target = value(inputs, 0), tensor_of(operands, 0), operands.outputs[0]
        function = _approximate if self.approximate else _exact
        if x.dtype == np.int16:
            table = table16(function, source.scale, 0, target.scale, 0, np.float32)
            return (look_up16(x, table).astype(np.int16),)
        if is_codes(operands):
            return (look_up8(x, function, source, target),)
        return (function(x),)


def _exact(x: Array) -> Array:
    """By erfc, so that large negative x lose no digits."""
    return np.float32(0.5) * x * erfc(x * np.float32(-math.sqrt(0.5)))


def _approximate(x: Array) -> Array:
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (np.float32(1) + tanh(inner))


OP = Gelu
