"""Square root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.errors import DataError
from limen.ops._types import tensor_of, value
from limen.ops._unary import infer_unary, require_codes
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Sqrt(Op):
    """Square root; quantised results are cut off towards zero, not rounded.

    The integer kernels stop the run at a code below the zero point, which rounding alone can cause, so static
    quantisation leaves it in float.
    """

    name = "Sqrt"
    quant_rule = QuantRule("none")

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "int16"))

    def check(self, operands: Operands) -> None:
        require_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if x.dtype == np.float32:
            with np.errstate(invalid="ignore"):
                return (np.sqrt(x),)
        source, target, info = tensor_of(operands, 0), operands.outputs[0], np.iinfo(x.dtype)
        real = np.float32(source.scale) * (x.astype(np.int32) - np.int32(source.zero_point)).astype(np.float32)
        if real.size and real.min() < 0:
            raise DataError(f"{source.name}: the quantised square root of {real.min():g} does not exist")
        codes = np.trunc(np.sqrt(real) / np.float32(target.scale)).astype(np.int64) + target.zero_point
        return (np.clip(codes, info.min, info.max).astype(x.dtype),)


OP = Sqrt
