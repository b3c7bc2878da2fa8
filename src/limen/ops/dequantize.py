"""Codes or half floats to real values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Dequantize(Op):
    """scale * (code - zero_point) as float32; float16 is only widened."""

    name = "Dequantize"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("int8", "uint8", "int16", "int32", "float16"), "input")
        return (TensorType(x.shape, "float32"),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source = value(inputs, 0), tensor_of(operands, 0)
        if x.dtype == np.float16:
            return (x.astype(np.float32),)
        return (((x.astype(np.int64) - source.zero_point) * source.scale).astype(np.float32),)


OP = Dequantize
