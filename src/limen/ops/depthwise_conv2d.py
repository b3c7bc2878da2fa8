"""Depthwise convolution: each input channel has M filters of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import optional, optional_value, present, require_dtype, require_rank, value
from limen.ops._weighted import (
    centre,
    check_weighted,
    finish_float,
    is_hybrid,
    quantize_rows,
    requantization,
    unpack,
    weight_scales,
)
from limen.ops._window import Pair, Sides, convolve_depthwise, output_hw, pad_hw
from limen.program import (
    Activation,
    Array,
    Cost,
    Op,
    Operands,
    QuantRule,
    Shape,
    Tensor,
    TensorType,
    operand_bytes,
    require,
)


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """x [N,H,W,C], w [1,kh,kw,C*M], optional b [C*M] -> [N,OH,OW,C*M]; channel c*M+m is filter m of input channel c.

    Args:
        padding: (top, bottom, left, right), of real value 0.
        asymmetric_quantize_inputs: kept from the source; the kernels always quantise float input with a zero point.
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

    def check(self, operands: Operands) -> None:
        check_weighted(operands, 3, self.activation)
        x, w, b, _ = unpack(operands)
        require(b is None or x.dtype != "int16" or b.dtype == "int64", "a depthwise int16 bias must be int64")
        require(
            not is_hybrid(x, w) or w.shape[3] == 1 or (w.quant is not None and len(w.quant.scale) > 1),
            "float input with int8 weights needs one weight scale per output channel",
        )

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        source, weights, _, output = unpack(operands)
        if is_hybrid(source, weights):
            return (self._hybrid(x, w, b, operands),)
        if w.dtype == np.float32:
            return (finish_float(self._products(x, w, output.shape), b, self.activation),)
        centred = centre(x, w, source.zero_point, weights.zero_point if w.dtype == np.uint8 else 0, 3)
        sums = self._products(centred.x, centred.w, output.shape)
        return (requantization(operands, self.activation)(sums, b, centred.magnitude),)

    def _products(self, x: Array, w: Array, shape: Shape) -> Array:
        """Sums of products [N,OH,OW,C*M] in the float type of x and w."""
        padded = pad_hw(x, self.padding, 0)
        return convolve_depthwise(padded, w, self.stride, self.dilation, (shape[1], shape[2]))

    def _hybrid(self, x: Array, w: Array, bias: Array | None, operands: Operands) -> Array:
        dynamic = quantize_rows(x, x.shape[0], asymmetric=True)
        sums = self._products(dynamic.centred((-1, 1, 1, 1)), w.astype(np.float64), operands.outputs[0].shape)
        factor = weight_scales(operands) * dynamic.scale.reshape(-1, 1, 1, 1)
        return finish_float(sums.astype(np.float32) * factor, bias, self.activation)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        return Cost(operands.outputs[0].size * weights.shape[1] * weights.shape[2], operand_bytes(operands))


OP = DepthwiseConv2D
