"""Reorder the axes as numpy.transpose does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class Transpose(Op):
    """Reorder the axes as numpy.transpose does."""

    name = "Transpose"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    permutation: tuple[int, ...] = ()

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        fits = sorted(self.permutation) == list(range(len(x.shape)))
        require(fits, f"permutation {self.permutation} does not fit shape {x.shape}")
        return (TensorType(tuple(x.shape[a] for a in self.permutation), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.asarray(np.transpose(value(inputs, 0), self.permutation), order="C"),)


OP = Transpose
