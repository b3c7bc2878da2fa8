"""Channels into blocks of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.ops._types import present, require_dtype, require_rank, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class DepthToSpace(Op):
    """Channels into blocks of pixels."""

    name = "DepthToSpace"
    quant_rule = QuantRule("same", ("int8", "uint8"))

    block: int = 1

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_rank(x, 4, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int32", "int64"), "input")
        n, h, w, c = x.shape
        b = self.block
        require(b > 0 and c % (b * b) == 0, f"block {b} does not divide the channels of {x.shape}")
        return (TensorType((n, h * b, w * b, c // (b * b)), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, b = value(inputs, 0), self.block
        n, h, w, c = x.shape
        blocks = x.reshape(n, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5)
        return (blocks.reshape(operands.outputs[0].shape),)


OP = DepthToSpace
