"""Real values or codes to the output's codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, DType, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Quantize(Op):
    """float32 -> codes, or codes -> codes of another scale or type (requantisation); the output tensor has the scale.

    Args:
        dtype: of the output.
    """

    name = "Quantize"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    dtype: DType = "int8"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16", "int32"), "input")
        require(self.dtype in ("int8", "uint8", "int16", "int32"), f"{self.dtype} has no codes")
        return (TensorType(x.shape, self.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source, target = value(inputs, 0), tensor_of(operands, 0), operands.outputs[0]
        real = x if x.dtype == np.float32 else (x.astype(np.float64) - source.zero_point) * source.scale
        info = np.iinfo(self.dtype)
        codes = np.round(real / target.scale) + target.zero_point
        return (np.clip(codes, info.min, info.max).astype(self.dtype),)


OP = Quantize
