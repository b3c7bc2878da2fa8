"""Maximum over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._reduce import check_same_scale, infer_reduce, require_elements
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class ReduceMax(Op):
    """Maximum over axes. Codes keep their scale.

    Args:
        axes: distinct, >= 0.
        keep_dims: keep the reduced axes with extent 1.
    """

    name = "ReduceMax"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()
    keep_dims: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_reduce(inputs, self.axes, self.keep_dims)

    def check(self, operands: Operands) -> None:
        check_same_scale(operands)
        require_elements(operands, self.axes)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.max(value(inputs, 0), axis=self.axes).reshape(operands.outputs[0].shape),)


OP = ReduceMax
