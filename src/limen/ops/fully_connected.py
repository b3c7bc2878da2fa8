"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._activation import clamp_float
from limen.ops._types import optional, optional_value, present, require_dtype, require_rank, value
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

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, w, b = value(inputs, 0), value(inputs, 1), optional_value(inputs, 2)
        out = x.reshape(-1, w.shape[1]) @ w.T
        if b is not None:
            out = out + b
        return (clamp_float(out, self.activation).reshape(operands.outputs[0].shape),)

    def cost(self, operands: Operands) -> Cost:
        weights = operands.inputs[1]
        assert weights is not None
        return Cost(operands.outputs[0].size * weights.shape[1], operand_bytes(operands))


OP = FullyConnected
