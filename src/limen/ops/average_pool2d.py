"""Mean over windows; padding is never counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import clamp_float, code_range
from limen.ops._types import INTEGERS, present, require_dtype, require_rank, value
from limen.ops._window import Pair, Sides, output_hw, pad_hw, pool
from limen.program import Activation, Array, Op, Operands, QuantRule, Shape, Tensor, TensorType, require


@dataclass(frozen=True)
class AveragePool2D(Op):
    """x [N,H,W,C] -> [N,OH,OW,C]. Mean over windows; padding is never counted. Codes keep the input's scale.

    Args:
        filter: (height, width) of the window.
        padding: (top, bottom, left, right), each smaller than the window.
    """

    name = "AveragePool2D"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    filter: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_rank(x, 4, "input")
        top, bottom, left, right = self.padding
        inside = max(top, bottom) < self.filter[0] and max(left, right) < self.filter[1]
        require(inside, f"padding {self.padding} leaves windows of {self.filter} empty")
        oh, ow = output_hw(x.shape[1], x.shape[2], self.filter, self.stride, (1, 1), self.padding)
        return (TensorType((x.shape[0], oh, ow, x.shape[3]), x.dtype),)

    def check(self, operands: Operands) -> None:
        output = operands.outputs[0]
        if output.dtype in INTEGERS:
            require(output.quant is not None or self.activation == "none", f"{output.name} has no scale to clamp by")
            code_range(output, self.activation)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, output = value(inputs, 0), operands.outputs[0]
        out = (output.shape[1], output.shape[2])
        count = self._counts(x.shape, out)
        if x.dtype == np.float32:
            total = pool(pad_hw(x, self.padding, 0), self.filter, self.stride, out, np.add)
            return (clamp_float(total / count.astype(np.float32), self.activation),)
        total = pool(pad_hw(x.astype(np.int64), self.padding, 0), self.filter, self.stride, out, np.add)
        mean = np.where(total > 0, (total + count // 2) // count, -((count // 2 - total) // count))
        low, high = code_range(output, self.activation)
        return (np.clip(mean, low, high).astype(x.dtype),)

    def _counts(self, shape: Shape, out: Pair) -> Array:
        """Elements inside the image per window, [1,OH,OW,1]."""
        ones = np.ones((1, shape[1], shape[2], 1), np.int64)
        return pool(pad_hw(ones, self.padding, 0), self.filter, self.stride, out, np.add)


OP = AveragePool2D
