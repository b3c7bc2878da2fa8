"""Two-dimensional convolution, grouped where the weights have fewer input channels than the input."""

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
from limen.ops._window import Pair, Sides, convolve, output_hw, pad_hw
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
class Conv2D(Op):
    """x [N,H,W,C], w [O,kh,kw,C/groups], optional b [O] -> [N,OH,OW,O].

    Args:
        padding: (top, bottom, left, right), of real value 0.
        asymmetric_quantize_inputs: kept from the source; the kernels choose by the number of weight scales.
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

    def check(self, operands: Operands) -> None:
        check_weighted(operands, 0, self.activation)
        x, w, _, _ = unpack(operands)
        grouped = x.shape[3] != w.shape[3]
        require(
            not is_hybrid(x, w) or not grouped or w.shape[0] == 1 or (w.quant is not None and len(w.quant.scale) > 1),
            "a grouped convolution with float input and int8 weights needs one weight scale per output channel",
        )

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        source, weights, _, output = unpack(operands)
        if is_hybrid(source, weights):
            return (self._hybrid(x, w, b, operands),)
        if w.dtype == np.float32:
            return (finish_float(self._products(x, w, output.shape), b, self.activation),)
        centred = centre(x, w, source.zero_point, weights.zero_point if w.dtype == np.uint8 else 0, 0)
        sums = self._products(centred.x, centred.w, output.shape)
        return (requantization(operands, self.activation)(sums, b, centred.magnitude),)

    def _products(self, x: Array, w: Array, shape: Shape) -> Array:
        """Sums of products [N,OH,OW,O] in the float type of x and w."""
        padded = pad_hw(x, self.padding, 0)
        return convolve(padded, w, self.stride, self.dilation, (shape[1], shape[2]))

    def _hybrid(self, x: Array, w: Array, bias: Array | None, operands: Operands) -> Array:
        """Per-batch symmetric input for one weight scale, asymmetric for several or for groups."""
        scales = weight_scales(operands)
        grouped = x.shape[3] != w.shape[3]
        per_channel = grouped or len(set(scales.tolist())) > 1
        dynamic = quantize_rows(x, x.shape[0], asymmetric=per_channel)
        sums = self._products(dynamic.centred((-1, 1, 1, 1)), w.astype(np.float64), operands.outputs[0].shape)
        rows = dynamic.scale.reshape(-1, 1, 1, 1)
        real = sums.astype(np.float32) * scales * rows if per_channel else sums.astype(np.float32) * (rows * scales[0])
        return finish_float(real, bias, self.activation)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        positions = operands.outputs[0].size // weights.shape[0]
        return Cost(positions * weights.size, operand_bytes(operands))


OP = Conv2D
