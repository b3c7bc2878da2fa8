"""Pixels of every block position into the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, tensor_of, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class SpaceToBatchNd(Op):
    """Pixels of every block position into the batch."""

    name = "SpaceToBatchNd"
    arity = (1, 1)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    block: tuple[int, ...] = ()
    paddings: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        padded = [d + b + a for d, (b, a) in zip(x.shape[1:], self.paddings, strict=False)]
        fits = len(self.block) == len(self.paddings) <= len(x.shape) - 1
        require(
            fits and all(p % k == 0 for p, k in zip(padded, self.block, strict=True)),
            f"block does not divide {x.shape}",
        )
        spatial = tuple(p // k for p, k in zip(padded, self.block, strict=True))
        batch = x.shape[0] * int(np.prod(self.block))
        return (TensorType((batch, *spatial, *x.shape[1 + len(spatial) :]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, count = value(inputs, 0), len(self.block)
        around = [(0, 0), *self.paddings, *[(0, 0)] * (x.ndim - 1 - count)]
        x = np.pad(x, around, constant_values=tensor_of(operands, 0).zero_point)
        split = [n for d, b in zip(x.shape[1:], self.block, strict=False) for n in (d // b, b)]
        x = x.reshape(x.shape[0], *split, *x.shape[1 + count :])
        order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count + 1, 2), *range(2 * count + 1, x.ndim)]
        return (np.ascontiguousarray(x.transpose(order)).reshape(operands.outputs[0].shape),)


OP = SpaceToBatchNd
