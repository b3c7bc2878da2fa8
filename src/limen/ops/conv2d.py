"""Two-dimensional convolution, grouped where the weights have fewer input channels than the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import clamp_float
from limen.ops._types import optional, optional_value, present, require_dtype, require_rank, value
from limen.ops._window import Pair, Sides, output_hw, pad_hw, patches
from limen.program import Activation, Array, Cost, Op, Operands, QuantRule, Tensor, TensorType, operand_bytes, require


@dataclass(frozen=True)
class Conv2D(Op):
    """x [N,H,W,C], w [O,kh,kw,C/groups], optional b [O] -> [N,OH,OW,O].

    Args:
        padding: (top, bottom, left, right), of real value 0.
        asymmetric_quantize_inputs: hybrid only: float input is quantised with a zero point.
    """

    name = "Conv2D"
    arity = (2, 3)
    quant_rule = QuantRule("weighted", ("int8", "uint8", "int16"), weights=1, bias=2, weight_axis=0)

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
        o, kh, kw, depth = w.shape
        require(min(w.shape) > 0, f"weights {w.name} have shape {w.shape}")
        require(x.shape[3] % depth == 0, f"{x.shape[3]} input channels are no multiple of the weights' {depth}")
        groups = x.shape[3] // depth
        require(groups > 0 and o % groups == 0, f"{o} output channels are no multiple of {groups} groups")
        require(b is None or b.shape == (o,), f"bias has shape {b and b.shape}, expected ({o},)")
        oh, ow = output_hw(x.shape[1], x.shape[2], (kh, kw), self.stride, self.dilation, self.padding)
        return (TensorType((x.shape[0], oh, ow, o), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        o, kh, kw, depth = w.shape
        n, oh, ow, _ = operands.outputs[0].shape
        groups = x.shape[3] // depth
        padded = pad_hw(x, self.padding, 0)
        parts = []
        for g in range(groups):
            rows = patches(padded[..., g * depth : (g + 1) * depth], (kh, kw), self.stride, self.dilation, (oh, ow))
            weights = w[g * (o // groups) : (g + 1) * (o // groups)].reshape(o // groups, -1)
            parts.append(rows @ weights.T)
        out = (parts[0] if groups == 1 else np.concatenate(parts, axis=-1)).reshape(n, oh, ow, o)
        if b is not None:
            out = out + b
        return (clamp_float(out, self.activation),)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        positions = operands.outputs[0].size // weights.shape[0]
        return Cost(positions * weights.size, operand_bytes(operands))


OP = Conv2D
