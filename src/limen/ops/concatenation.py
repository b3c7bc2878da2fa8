"""Tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_quantised, require_same_parameters, require_symmetric_int16, tensors
from limen.ops._fixed_point import round_away
from limen.ops._types import present, require_dtype, require_same_dtype, tensor_of, value
from limen.program import Activation, Array, DType, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Concatenation(Op):
    """Tensors joined along an axis.

    int8 inputs share scale and zero point with the output; uint8 inputs are brought to the output's in float32; int16
    codes are joined as they are. A fused activation exists in TFLite's schema, but in no kernel.
    """

    name = "Concatenation"
    arity = (1, 1024)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        first = present(inputs, 0, "input")
        known: tuple[DType, ...] = ("float32", "float16", "int8", "uint8", "int16", "int32", "uint32", "int64", "bool")
        require_dtype(first, known, "input")
        require(self.activation == "none", f"activation {self.activation} cannot be fused into a concatenation")
        require(0 <= self.axis < len(first.shape), f"axis {self.axis} does not fit shape {first.shape}")
        total = 0
        for index in range(len(inputs)):
            x = present(inputs, index, "input")
            require_same_dtype(first, x)
            others = [(a, b) for i, (a, b) in enumerate(zip(first.shape, x.shape, strict=False)) if i != self.axis]
            fits = len(x.shape) == len(first.shape) and all(a == b for a, b in others)
            require(fits, f"{x.name} {x.shape} does not join {first.shape} along axis {self.axis}")
            total += x.shape[self.axis]
        return (TensorType((*first.shape[: self.axis], total, *first.shape[self.axis + 1 :]), first.dtype),)

    def check(self, operands: Operands) -> None:
        output = operands.outputs[0]
        if output.dtype == "int8":
            require_same_parameters(tensors(operands))
        if output.dtype == "uint8" and any(t.quant is not None for t in tensors(operands)):
            require_quantised(output, "output")
        require_symmetric_int16(tensors(operands))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        output = operands.outputs[0]
        parts = [_rescaled(value(inputs, i), tensor_of(operands, i), output) for i in range(len(inputs))]
        return (np.concatenate(parts, self.axis),)


def _rescaled(x: Array, source: Tensor, target: Tensor) -> Array:
    """uint8 codes in the target's scale and zero point; anything else as it is."""
    if x.dtype != np.uint8 or (source.scale, source.zero_point) == (target.scale, target.zero_point):
        return x
    factor = np.float32(source.scale) * (np.float32(1) / np.float32(target.scale))
    shift = np.float32(-source.zero_point) * factor
    codes = round_away(x.astype(np.float32) * factor + shift).astype(np.int64) + target.zero_point
    return np.clip(codes, 0, 255).astype(np.uint8)


OP = Concatenation
