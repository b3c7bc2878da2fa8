"""Codes or half floats to real values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Dequantize(Op):
    """scale * (code - zero_point) as float32, per tensor or (8-bit) per channel; float16 is only widened."""

    name = "Dequantize"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("int8", "uint8", "int16", "float16"), "input")
        return (TensorType(x.shape, "float32"),)

    def check(self, operands: Operands) -> None:
        source = tensor_of(operands, 0)
        if source.dtype == "float16":
            return
        quant = source.quant
        require(quant is not None, f"input {source.name} is {source.dtype} and has no scale")
        assert quant is not None
        plain = source.dtype != "int16" or (len(quant.scale) == 1 and quant.zero_point[0] == 0)
        require(plain, f"input {source.name} is int16 and takes one scale and no zero point")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, quant = value(inputs, 0), tensor_of(operands, 0).quant
        if x.dtype == np.float16 or quant is None:
            return (x.astype(np.float32),)
        shape = [-1 if axis == quant.axis else 1 for axis in range(x.ndim)] if quant.axis is not None else []
        centred = x.astype(np.int64) - quant.zero_points.reshape(shape)
        return (np.asarray(quant.scales.astype(np.float64).reshape(shape) * centred, np.float32),)


OP = Dequantize
