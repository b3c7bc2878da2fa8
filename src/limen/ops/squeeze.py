"""Drop axes of extent 1; no axes: all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Squeeze(Op):
    """Drop axes of extent 1; no axes: all of them."""

    name = "Squeeze"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    axes: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        fits = all(0 <= a < len(x.shape) and x.shape[a] == 1 for a in self.axes)
        require(fits, f"axes {self.axes} of {x.shape} are not 1")
        dropped = self.axes or tuple(i for i, d in enumerate(x.shape) if d == 1)
        return (TensorType(tuple(d for i, d in enumerate(x.shape) if i not in dropped), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (value(inputs, 0).reshape(operands.outputs[0].shape),)


OP = Squeeze
