"""Transposed convolution: the gradient of a convolution with respect to its input."""

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
from limen.ops._window import Pair, Sides
from limen.program import Activation, Array, Cost, Op, Operands, QuantRule, Tensor, TensorType, operand_bytes, require


@dataclass(frozen=True)
class TransposeConv(Op):
    """x [N,H,W,I], w [O,kh,kw,I], optional b [O] -> [N,*output_size,O].

    Input position (y, x) adds its products at (y * stride - top, x * stride - left); what falls outside is dropped.

    Args:
        padding: (top, bottom, left, right) of the convolution that this transposes.
        output_size: (height, width).
    """

    name = "TransposeConv"
    arity = (2, 3)
    quant_rule = QuantRule("weighted", ("int8", "uint8", "int16"), weights=1, bias=2, weight_axis=0)

    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    output_size: Pair = (1, 1)
    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, w, b = present(inputs, 0, "input"), present(inputs, 1, "weights"), optional(inputs, 2)
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_rank(x, 4, "input")
        require_rank(w, 4, "weights")
        require(min(w.shape) > 0, f"weights {w.name} have shape {w.shape}")
        require(w.shape[3] == x.shape[3], f"{x.shape[3]} input channels, the weights have {w.shape[3]}")
        require(b is None or b.shape == (w.shape[0],), f"bias has shape {b and b.shape}, expected ({w.shape[0]},)")
        require(min(self.stride) > 0 and min(self.output_size) > 0, f"stride {self.stride}, output {self.output_size}")
        return (TensorType((x.shape[0], *self.output_size, w.shape[0]), x.dtype),)

    def check(self, operands: Operands) -> None:
        check_weighted(operands, 0, self.activation)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        source, weights, _, _ = unpack(operands)
        if is_hybrid(source, weights):
            return (self._hybrid(x, w, b, operands),)
        if w.dtype == np.float32:
            return (finish_float(self._products(x, w), b, self.activation),)
        centred = centre(x, w, source.zero_point, weights.zero_point if w.dtype == np.uint8 else 0, 0)
        sums = self._products(centred.x, centred.w)
        return (requantization(operands, self.activation)(sums, b, centred.magnitude),)

    def _products(self, x: Array, w: Array) -> Array:
        return scatter(x, w, self.stride, self.padding, self.output_size)

    def _hybrid(self, x: Array, w: Array, bias: Array | None, operands: Operands) -> Array:
        dynamic = quantize_rows(x, x.shape[0], asymmetric=True)
        sums = self._products(dynamic.centred((-1, 1, 1, 1)), w.astype(np.float64))
        factor = weight_scales(operands).astype(np.float64) * dynamic.scale.reshape(-1, 1, 1, 1)
        return finish_float((sums * factor).astype(np.float32), bias, self.activation)

    def cost(self, operands: Operands) -> Cost:
        x, weights = operands.inputs[0], operands.inputs[1]
        assert x is not None
        assert weights is not None
        return Cost(x.size // x.shape[3] * weights.size, operand_bytes(operands))


def scatter(x: Array, w: Array, stride: Pair, padding: Sides, output_size: Pair) -> Array:
    """Products of each input position with the whole filter, added up where they overlap, then cropped."""
    n, h, width, _ = x.shape
    o, kh, kw, _ = w.shape
    products = (x.reshape(-1, x.shape[3]) @ w.reshape(-1, w.shape[3]).T).reshape(n, h, width, o, kh, kw)
    top, _, left, _ = padding
    full_h = max((h - 1) * stride[0] + kh, top + output_size[0])
    full_w = max((width - 1) * stride[1] + kw, left + output_size[1])
    full = np.zeros((n, full_h, full_w, o), products.dtype)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + (h - 1) * stride[0] + 1, stride[0])
            columns = slice(j, j + (width - 1) * stride[1] + 1, stride[1])
            full[:, rows, columns] += products[..., i, j]
    return full[:, top : top + output_size[0], left : left + output_size[1]]


OP = TransposeConv
