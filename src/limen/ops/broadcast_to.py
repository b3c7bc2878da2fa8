"""The input broadcast to a shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class BroadcastTo(Op):
    """The input broadcast to a shape."""

    name = "BroadcastTo"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    shape: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        pairs = zip(reversed(x.shape), reversed(self.shape), strict=False)
        fits = len(x.shape) <= len(self.shape) and all(d in (1, s) for d, s in pairs)
        require(fits, f"{x.name} {x.shape} does not broadcast to {self.shape}")
        return (TensorType(self.shape, x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.asarray(np.broadcast_to(value(inputs, 0), self.shape), order="C"),)


OP = BroadcastTo
