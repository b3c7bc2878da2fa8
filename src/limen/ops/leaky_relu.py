"""x where x > 0, else alpha * x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._elementwise import check_clamp, infer_unary, is_codes, ratio
from limen.ops._fixed_point import Multiplier, multiplier, rescale
from limen.ops._types import tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class LeakyRelu(Op):
    """x where x > 0, else alpha * x."""

    name = "LeakyRelu"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    alpha: float = 0.2

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_unary(inputs, ("float32", "int8", "uint8", "int16"))

    def check(self, operands: Operands) -> None:
        check_clamp(operands)
        if is_codes(operands):
            self._factor(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if not is_codes(operands):
            return (np.where(x > 0, x, x * np.float32(self.alpha)),)
        target = operands.outputs[0]
        centred = x.astype(np.int64) - tensor_of(operands, 0).zero_point
        info = np.iinfo(target.dtype)
        codes = np.where(centred >= 0, rescale(centred, ratio(operands)), rescale(centred, self._factor(operands)))
        return (np.clip(codes + target.zero_point, info.min, info.max).astype(target.dtype),)

    def _factor(self, operands: Operands) -> Multiplier:
        source, target = tensor_of(operands, 0), operands.outputs[0]
        return multiplier(float(np.float32(source.scale) * np.float32(self.alpha) / np.float32(target.scale)))


OP = LeakyRelu
