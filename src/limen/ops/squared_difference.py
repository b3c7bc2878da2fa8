"""Element-wise (a - b) ** 2 with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._binary import (
    check_codes,
    common_scale,
    infer_binary,
    is_quantised,
    plain,
    rescale_down,
    to_codes,
    to_common_scale,
)
from limen.ops._fixed_point import Multiplier, smaller_than_one, wrap_int32
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType

_LEFT_SHIFT = 7


@dataclass(frozen=True)
class SquaredDifference(Op):
    """Element-wise (a - b) ** 2 with broadcasting."""

    name = "SquaredDifference"
    arity = (2, 2)
    quant_rule = QuantRule("free", ("int8",))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_binary(inputs, ("float32", "int8", "int32"))

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        if is_quantised(operands):
            self._factor(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        if not is_quantised(operands):
            return (plain(lambda x, y: np.square(x - y), value(inputs, 0), value(inputs, 1), "none"),)
        a, b = to_common_scale(inputs, operands, _LEFT_SHIFT)
        squared = wrap_int32((a - b) ** 2)
        return (to_codes(rescale_down(squared, self._factor(operands)), operands, "none"),)

    def _factor(self, operands: Operands) -> Multiplier:
        scale = operands.outputs[0].scale
        real = common_scale(operands) ** 2 / float(np.float32(1 << 2 * _LEFT_SHIFT) * np.float32(scale))
        return smaller_than_one(real, "the ratio of squared input scale to output scale")


OP = SquaredDifference
