"""x / sqrt(sum of squares over the last axis)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, infer_unary, is_codes
from limen.ops._fixed_point import Multiplier, rescale, wrap_int32
from limen.ops._gemmlowp import inverse_square_root
from limen.ops._types import tensor_of, value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class L2Norm(Op):
    """x / sqrt(sum of squares over the last axis)."""

    name = "L2Norm"
    quant_rule = QuantRule("fixed", ("int8",), {"int8": (1 / 128, 0), "uint8": (1 / 128, 128)})

    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        target = operands.outputs[0]
        require(len(target.shape) >= 1, "a scalar has no last axis")
        require(self.activation == "none", f"activation {self.activation} cannot be fused")
        if is_codes(operands):
            scale, zero_point = self.quant_rule.fixed[target.dtype]
            exact = target.scale == scale and target.zero_point == zero_point
            require(exact, f"output {target.name} has {target.quant}, expected scale {scale}, zero point {zero_point}")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if not is_codes(operands):
            norm = np.sqrt(np.sum(x * x, axis=-1, keepdims=True, dtype=x.dtype))
            return (x / np.maximum(norm, x.dtype.type(1e-6)),)
        target = operands.outputs[0]
        centred = x.astype(np.int64) - tensor_of(operands, 0).zero_point
        mantissa, right = inverse_square_root(wrap_int32((centred**2).sum(axis=-1, keepdims=True)))
        if x.dtype == np.uint8:
            codes = rescale(128 * centred, Multiplier(mantissa, -right))
        else:
            codes = rescale(centred, Multiplier(mantissa, 7 - right))
        info = np.iinfo(x.dtype)
        return (np.clip(codes + target.zero_point, info.min, info.max).astype(x.dtype),)


OP = L2Norm
