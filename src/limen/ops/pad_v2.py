"""A scalar around the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_same_parameters
from limen.ops._types import present, require_dtype, require_same_dtype, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class PadV2(Op):
    """A scalar around the input."""

    name = "PadV2"
    arity = (2, 2)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    paddings: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"), "input")
        require(len(self.paddings) == len(x.shape), f"paddings {self.paddings} do not fit shape {x.shape}")
        require(all(b >= 0 and a >= 0 for b, a in self.paddings), f"paddings {self.paddings} are negative")
        fill = present(inputs, 1, "value")
        require_same_dtype(x, fill)
        require(fill.size == 1, f"the value {fill.name} has shape {fill.shape}, expected one element")
        return (TensorType(tuple(d + b + a for d, (b, a) in zip(x.shape, self.paddings, strict=True)), x.dtype),)

    def check(self, operands: Operands) -> None:
        x, fill = tensor_of(operands, 0), tensor_of(operands, 1)
        if x.dtype == "uint8" or (x.quant is not None and x.dtype in ("int8", "int16")):
            require_same_parameters((operands.outputs[0], fill))

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.pad(value(inputs, 0), self.paddings, constant_values=value(inputs, 1).reshape(())),)


OP = PadV2
