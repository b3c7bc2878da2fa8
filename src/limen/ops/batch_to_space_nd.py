"""Batch entries back to pixels of their block position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._codes import require_moved
from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class BatchToSpaceNd(Op):
    """Batch entries back to pixels of their block position."""

    name = "BatchToSpaceNd"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    block: tuple[int, ...] = ()
    crops: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require(len(x.shape) in (3, 4), f"input {x.name} has shape {x.shape}, expected rank 3 or 4")
        fits = len(self.block) == len(self.crops) == len(x.shape) - 2
        require(fits, f"block {self.block} and crops {self.crops} do not fit shape {x.shape}")
        require(min(self.block) > 0 and min(map(min, self.crops)) >= 0, "block is not positive or crops are negative")
        total = math.prod(self.block)
        require(x.shape[0] % total == 0, f"block {self.block} does not divide the batch of {x.shape}")
        spatial = tuple(d * k - b - a for d, k, (b, a) in zip(x.shape[1:], self.block, self.crops, strict=False))
        require(min(spatial) >= 0, f"crops {self.crops} are larger than the pictures")
        return (TensorType((x.shape[0] // total, *spatial, x.shape[-1]), x.dtype),)

    def check(self, operands: Operands) -> None:
        require_moved(operands)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, count = value(inputs, 0), len(self.block)
        x = x.reshape(*self.block, x.shape[0] // math.prod(self.block), *x.shape[1:])
        x = x.transpose(count, *(axis for i in range(count) for axis in (count + 1 + i, i)), 2 * count + 1)
        x = x.reshape(x.shape[0], *(x.shape[1 + 2 * i] * x.shape[2 + 2 * i] for i in range(count)), x.shape[-1])
        window = (slice(None), *(slice(b, d - a) for d, (b, a) in zip(x.shape[1:], self.crops, strict=False)))
        return (np.asarray(x[window], order="C"),)


OP = BatchToSpaceNd
