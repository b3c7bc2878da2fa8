"""A block of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Slice(Op):
    """A block of the input."""

    name = "Slice"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    begin: tuple[int, ...] = ()
    size: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(len(self.begin) == len(self.size) == len(x.shape), f"begin and size do not fit shape {x.shape}")
        fits = all(b >= 0 and s >= 0 and b + s <= d for b, s, d in zip(self.begin, self.size, x.shape, strict=True))
        require(fits, f"begin {self.begin} and size {self.size} leave shape {x.shape}")
        return (TensorType(self.size, x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        block = tuple(slice(b, b + s) for b, s in zip(self.begin, self.size, strict=True))
        return (value(inputs, 0)[block],)


OP = Slice
