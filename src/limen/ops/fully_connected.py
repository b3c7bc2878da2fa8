"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._fixed_point import round_away, wrap_int32
from limen.ops._types import optional, optional_value, present, require_dtype, require_rank, value
from limen.ops._weighted import (
    centre,
    check_weighted,
    finish_float,
    is_hybrid,
    is_wide,
    quantize_rows,
    unpack,
    weight_scales,
)
from limen.program import Activation, Array, Cost, Op, Operands, QuantRule, Tensor, TensorType, operand_bytes, require


@dataclass(frozen=True)
class FullyConnected(Op):
    """x [..,I], w [O,I], optional b [O] -> [size/I, O], or [.., O] with ``keep_dims``.

    Args:
        keep_dims: keep the leading dimensions; the last must then be I.
        asymmetric_quantize_inputs: hybrid only: float input is quantised with a zero point.
    """

    name = "FullyConnected"
    arity = (2, 3)
    quant_rule = QuantRule("weighted", ("int8", "uint8", "int16"), weights=1, bias=2, weight_axis=0)

    activation: Activation = "none"
    keep_dims: bool = False
    asymmetric_quantize_inputs: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x, w, b = present(inputs, 0, "input"), present(inputs, 1, "weights"), optional(inputs, 2)
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require_rank(w, 2, "weights")
        o, depth = w.shape
        require(depth > 0 and x.size % depth == 0, f"{x.name} {x.shape} does not divide into rows of {depth}")
        require(b is None or b.shape == (o,), f"bias has shape {b and b.shape}, expected ({o},)")
        if self.keep_dims:
            require(bool(x.shape) and x.shape[-1] == depth, f"keep_dims: {x.name} {x.shape} does not end in {depth}")
            return (TensorType((*x.shape[:-1], o), x.dtype),)
        return (TensorType((x.size // depth, o), x.dtype),)

    def check(self, operands: Operands) -> None:
        check_weighted(operands, 0, self.activation, symmetric=False)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        source, weights, _, output = unpack(operands)
        rows = x.reshape(-1, w.shape[1])
        if is_hybrid(source, weights):
            return (self._hybrid(rows, w, b, operands).reshape(output.shape),)
        if w.dtype == np.float32:
            return (finish_float(rows @ w.T, b, self.activation).reshape(output.shape),)
        centred = centre(rows, w, source.zero_point, weights.zero_point if len(weight_scales(operands)) == 1 else 0, 0)
        return (self._requantize(centred.x @ centred.w.T, b, operands).reshape(output.shape),)

    def _requantize(self, sums: Array, bias: Array | None, operands: Operands) -> Array:
        """Rescaling in float64: unlike convolutions, TFLite's reference kernel uses no fixed-point multiplier here."""
        source, _, _, output = unpack(operands)
        sums = sums.astype(np.int64) if bias is None else sums.astype(np.int64) + bias
        if not is_wide(operands):
            sums = wrap_int32(sums)
        factor = source.scale * weight_scales(operands).astype(np.float64) / output.scale
        low, high = code_range(output, self.activation)
        codes = round_away(sums.astype(np.float64) * factor) + output.zero_point
        return np.asarray(np.clip(codes, low, high), output.dtype)

    def _hybrid(self, rows: Array, w: Array, bias: Array | None, operands: Operands) -> Array:
        dynamic = quantize_rows(rows, rows.shape[0], self.asymmetric_quantize_inputs)
        sums = dynamic.centred((-1, 1)) @ w.astype(np.float64).T
        factor = dynamic.scale[:, None] * weight_scales(operands)
        return finish_float(sums.astype(np.float32) * factor, bias, self.activation)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        return Cost(operands.outputs[0].size * weights.shape[1], operand_bytes(operands))


OP = FullyConnected
