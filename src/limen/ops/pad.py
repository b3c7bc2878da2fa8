"""Real zeros around the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Pad(Op):
    """Real zeros around the input."""

    name = "Pad"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    paddings: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"), "input")
        require(len(self.paddings) == len(x.shape), f"paddings {self.paddings} do not fit shape {x.shape}")
        require(all(b >= 0 and a >= 0 for b, a in self.paddings), f"paddings {self.paddings} are negative")
        return (TensorType(tuple(d + b + a for d, (b, a) in zip(x.shape, self.paddings, strict=True)), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        quantised = tensor_of(operands, 0).quant is not None or value(inputs, 0).dtype == np.uint8
        zero = operands.outputs[0].zero_point if quantised else 0
        return (np.pad(value(inputs, 0), self.paddings, constant_values=zero),)


OP = Pad
