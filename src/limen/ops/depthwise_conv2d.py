"""Depthwise convolution: each input channel has M filters of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import clamp_float
from limen.ops._types import optional, optional_value, present, require_dtype, require_rank, value
from limen.ops._window import Pair, Sides, output_hw, pad_hw, windows
from limen.program import Activation, Array, Cost, Op, Operands, QuantRule, Tensor, TensorType, operand_bytes, require


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """x [N,H,W,C], w [1,kh,kw,C*M], optional b [C*M] -> [N,OH,OW,C*M]; channel c*M+m is filter m of input channel c.

    Args:
        padding: (top, bottom, left, right), of real value 0.
        asymmetric_quantize_inputs: hybrid only: float input is quantised with a zero point.
    """

    name = "DepthwiseConv2D"
    arity = (2, 3)
    quant_rule = QuantRule("weighted", ("int8", "uint8", "int16"), weights=1, bias=2, weight_axis=3)

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    activation: Activation = "none"
    asymmetric_quantize_inputs: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, w, b = present(inputs, 0, "input"), present(inputs, 1, "weights"), optional(inputs, 2)
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_rank(x, 4, "input")
        require_rank(w, 4, "weights")
        one, kh, kw, o = w.shape
        require(one == 1 and min(w.shape) > 0, f"weights {w.name} have shape {w.shape}, expected [1,kh,kw,C*M]")
        require(x.shape[3] > 0 and o % x.shape[3] == 0, f"{o} filters are no multiple of {x.shape[3]} input channels")
        require(b is None or b.shape == (o,), f"bias has shape {b and b.shape}, expected ({o},)")
        oh, ow = output_hw(x.shape[1], x.shape[2], (kh, kw), self.stride, self.dilation, self.padding)
        return (TensorType((x.shape[0], oh, ow, o), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        _, kh, kw, o = w.shape
        shape = operands.outputs[0].shape
        if o != x.shape[3]:
            x = np.repeat(x, o // x.shape[3], axis=3)
        view = windows(pad_hw(x, self.padding, 0), (kh, kw), self.stride, self.dilation, shape[1:3])  # type: ignore[arg-type]
        out = np.zeros(shape, x.dtype)
        for i in range(kh):
            for j in range(kw):
                out += view[:, :, :, i, j] * w[0, i, j]
        if b is not None:
            out += b
        return (clamp_float(out, self.activation),)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        return Cost(operands.outputs[0].size * weights.shape[1] * weights.shape[2], operand_bytes(operands))


OP = DepthwiseConv2D
