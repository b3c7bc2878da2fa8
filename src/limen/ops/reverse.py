"""The input backwards along axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Reverse(Op):
    """The input backwards along axes."""

    name = "Reverse"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"), "input")
        require(all(0 <= a < len(x.shape) for a in self.axes), f"axes {self.axes} do not fit shape {x.shape}")
        first = min(self.axes, default=0)
        contiguous = sorted(self.axes) == list(range(first, first + len(self.axes))) and len(self.axes) > 0
        require(contiguous, f"axes {self.axes} are not neighbours, which the kernel needs; use one Reverse for each")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.asarray(np.flip(value(inputs, 0), self.axes), order="C"),)


OP = Reverse
