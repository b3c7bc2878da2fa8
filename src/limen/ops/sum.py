"""Sum over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._reduce import check_codes, infer_reduce, is_codes, rescaled_sum
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Sum(Op):
    """Sum over axes.

    Codes of every type are summed as TFLite's reference kernel sums uint8. For int8 and int16 that kernel reads the
    tensor as uint8, a defect that is not copied; LiteRT's default kernels are within one code of this definition.

    Args:
        axes: distinct, >= 0.
        keep_dims: keep the reduced axes with extent 1.
    """

    name = "Sum"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()
    keep_dims: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_reduce(inputs, self.axes, self.keep_dims)

    def check(self, operands: Operands) -> None:
        check_codes(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        if is_codes(operands):
            return (rescaled_sum(x, self.axes, operands, mean=False),)
        return (np.sum(x, axis=self.axes, dtype=x.dtype).reshape(operands.outputs[0].shape),)


OP = Sum
