"""Pixels of every block position into the batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_moved
from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class SpaceToBatchNd(Op):
    """Pixels of every block position into the batch."""

    name = "SpaceToBatchNd"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    block: tuple[int, ...] = ()
    paddings: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(len(x.shape) in (3, 4), f"input {x.name} has shape {x.shape}, expected rank 3 or 4")
        fits = len(self.block) == len(self.paddings) == len(x.shape) - 2
        require(fits, f"block {self.block} and paddings {self.paddings} do not fit shape {x.shape}")
        require(
            min(self.block) > 0 and min(map(min, self.paddings)) >= 0, "block is not positive or paddings are negative"
        )
        padded = [d + b + a for d, (b, a) in zip(x.shape[1:], self.paddings, strict=False)]
        divides = all(p % k == 0 for p, k in zip(padded, self.block, strict=True))
        require(divides, f"block {self.block} does not divide the padded extents {padded}")
        spatial = tuple(p // k for p, k in zip(padded, self.block, strict=True))
        return (TensorType((x.shape[0] * math.prod(self.block), *spatial, x.shape[-1]), x.dtype),)

    def check(self, operands: Operands) -> None:
        require_moved(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, count = value(inputs, 0), len(self.block)
        x = np.pad(x, [(0, 0), *self.paddings, (0, 0)], constant_values=operands.outputs[0].zero_point)
        split = [n for d, b in zip(x.shape[1:], self.block, strict=False) for n in (d // b, b)]
        x = x.reshape(x.shape[0], *split, x.shape[-1])
        order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count + 1, 2), 2 * count + 1]
        return (np.asarray(x.transpose(order), order="C").reshape(operands.outputs[0].shape),)


OP = SpaceToBatchNd
