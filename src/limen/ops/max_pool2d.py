"""Maximum over windows; padding never wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import clamp_float
from limen.ops._types import present, require_dtype, require_rank, value
from limen.ops._window import Pair, Sides, output_hw, pad_hw, windows
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class MaxPool2D(Op):
    """x [N,H,W,C] -> [N,OH,OW,C]. Maximum over windows; padding never wins.

    Args:
        filter: (height, width) of the window.
        padding: (top, bottom, left, right).
    """

    name = "MaxPool2D"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    filter: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_rank(x, 4, "input")
        oh, ow = output_hw(x.shape[1], x.shape[2], self.filter, self.stride, (1, 1), self.padding)
        return (TensorType((x.shape[0], oh, ow, x.shape[3]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        out = operands.outputs[0].shape[1], operands.outputs[0].shape[2]
        view = windows(pad_hw(x, self.padding, -np.inf), self.filter, self.stride, (1, 1), out)
        return (clamp_float(view.max(axis=(3, 4)), self.activation),)


OP = MaxPool2D
