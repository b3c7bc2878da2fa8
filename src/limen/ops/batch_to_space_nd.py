"""Batch entries back to pixels of their block position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class BatchToSpaceNd(Op):
    """Batch entries back to pixels of their block position."""

    name = "BatchToSpaceNd"
    arity = (1, 1)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    block: tuple[int, ...] = ()
    crops: tuple[tuple[int, int], ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        total = int(np.prod(self.block))
        fits = len(self.block) == len(self.crops) <= len(x.shape) - 1 and total > 0 and x.shape[0] % total == 0
        require(fits, f"block {self.block} does not fit shape {x.shape}")
        spatial = tuple(d * k - b - a for d, k, (b, a) in zip(x.shape[1:], self.block, self.crops, strict=False))
        return (TensorType((x.shape[0] // total, *spatial, *x.shape[1 + len(spatial) :]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, count = value(inputs, 0), len(self.block)
        x = x.reshape(*self.block, -1, *x.shape[1:])
        order = [count, *[a for i in range(count) for a in (count + 1 + i, i)], *range(2 * count + 1, x.ndim)]
        x = x.transpose(order)
        x = x.reshape(
            x.shape[0], *(x.shape[1 + 2 * i] * x.shape[2 + 2 * i] for i in range(count)), *x.shape[1 + 2 * count :]
        )
        window = (slice(None), *(slice(b, d - a) for d, (b, a) in zip(x.shape[1:], self.crops, strict=False)))
        return (np.ascontiguousarray(x[window]),)


OP = BatchToSpaceNd
