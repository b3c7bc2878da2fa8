"""Tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import clamp_float
from limen.ops._types import present, require_same_dtype, value
from limen.program import Activation, Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Concatenation(Op):
    """Tensors joined along an axis; quantised ones share scale and zero point with the output."""

    name = "Concatenation"
    arity = (1, 1024)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axis: int = 0
    activation: Activation = "none"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        first = present(inputs, 0, "input")
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
        quants = {t.quant for t in (*operands.inputs, *operands.outputs) if t is not None}
        same = len(quants) == 1 or operands.outputs[0].dtype == "uint8"
        require(same, "inputs and output have different scales or zero points")

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        joined = np.concatenate([value(inputs, i) for i in range(len(inputs))], self.axis)
        return (clamp_float(joined, self.activation) if joined.dtype == np.float32 else joined,)


OP = Concatenation
