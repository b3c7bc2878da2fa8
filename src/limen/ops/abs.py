"""|x|."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_quantised, require_symmetric_int16
from limen.ops._fixed_point import Int64, multiplier, rescale
from limen.ops._types import tensor_of, value
from limen.ops._unary import infer_unary
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Abs(Op):
    """|x|; int8 is quantised, int16 may be."""

    name = "Abs"
    quant_rule = QuantRule("free", ("int8", "int16"))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "int16", "int32"))

    def check(self, operands: Operands) -> None:
        x, y = tensor_of(operands, 0), operands.outputs[0]
        if x.dtype == "int8" or (x.dtype == "int16" and x.quant is not None):
            require_quantised(x, "input")
            require_quantised(y, "output")
            require_symmetric_int16((x, y))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, source, target = value(inputs, 0), tensor_of(operands, 0), operands.outputs[0]
        if source.quant is None or x.dtype not in (np.int8, np.int16):
            return (np.abs(x),)
        magnitude: Int64 = np.abs(x.astype(np.int64) - source.zero_point)
        if source.scale != target.scale:
            ratio = np.float32(source.scale) / np.float32(target.scale)
            magnitude = rescale(magnitude, multiplier(float(ratio)))
        info = np.iinfo(x.dtype)
        return (np.clip(magnitude + target.zero_point, info.min, info.max).astype(x.dtype),)


OP = Abs
