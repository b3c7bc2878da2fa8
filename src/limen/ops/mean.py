"""Mean over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._reduce import check_codes, infer_reduce, is_codes, require_elements, rescaled_sum
from limen.ops._types import value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Mean(Op):
    """Mean over axes. Integers truncate towards zero.

    Args:
        axes: distinct, >= 0.
        keep_dims: keep the reduced axes with extent 1.
    """

    name = "Mean"
    quant_rule = QuantRule("free", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()
    keep_dims: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return infer_reduce(inputs, self.axes, self.keep_dims)

    def check(self, operands: Operands) -> None:
        check_codes(operands)
        require_elements(operands, self.axes)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, shape = value(inputs, 0), operands.outputs[0].shape
        if is_codes(operands):
            return (rescaled_sum(x, self.axes, operands, mean=True),)
        if x.dtype == np.float32:
            return (np.mean(x, axis=self.axes, dtype=np.float32).reshape(shape),)
        total = np.sum(x, axis=self.axes, dtype=np.int64)
        count = int(np.prod([x.shape[axis] for axis in self.axes]))
        return ((np.sign(total) * (np.abs(total) // count)).astype(x.dtype).reshape(shape),)


OP = Mean
