"""Parametric rectifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_codes, is_codes, ratio
from limen.ops._fixed_point import Multiplier, multiplier, rescale
from limen.ops._types import (
    broadcast_shapes,
    present,
    require_dtype,
    require_one_scale,
    tensor_of,
    value,
)
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class PRelu(Op):
    """x where x >= 0, else alpha * x; alpha broadcasts to x and has its type (int8 for int16 x)."""

    name = "PRelu"
    arity = (2, 2)
    quant_rule = QuantRule("weighted", ("int8", "uint8", "int16"), weights=1)

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, alpha = present(inputs, 0, "input"), present(inputs, 1, "alpha")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_dtype(alpha, ("int8",) if x.dtype == "int16" else (x.dtype,), "alpha")
        shape = broadcast_shapes(x, alpha)
        require(shape == x.shape, f"alpha {alpha.shape} does not broadcast to the input {x.shape}")
        return (x.type,)

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        if is_codes(operands):
            require_one_scale(tensor_of(operands, 1), "alpha")
            ratio(operands)
            self._factor(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, alpha = value(inputs, 0), value(inputs, 1)
        if not is_codes(operands):
            return (np.where(x >= 0, x, x * alpha),)
        centred = x.astype(np.int64) - tensor_of(operands, 0).zero_point
        slope = alpha.astype(np.int64) - tensor_of(operands, 1).zero_point
        below = rescale(centred * slope, self._factor(operands))
        target, info = operands.outputs[0], np.iinfo(x.dtype)
        codes = np.where(centred >= 0, rescale(centred, ratio(operands)), below) + target.zero_point
        return (np.clip(codes, info.min, info.max).astype(x.dtype),)

    def _factor(self, operands: Operands) -> Multiplier:
        source, alpha, target = tensor_of(operands, 0), tensor_of(operands, 1), operands.outputs[0]
        return multiplier(float(np.float32(source.scale) * np.float32(alpha.scale) / np.float32(target.scale)))


OP = PRelu
