"""Smallest whole number >= x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, value
from limen.program import Array, Op, Operands, Tensor, TensorType


@dataclass(frozen=True)
class Ceil(Op):
    """Smallest whole number >= x."""

    name = "Ceil"
    arity = (1, 1)

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_dtype(x, ("float32",), "input")
        return (x.type,)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        with np.errstate(all="ignore"):
            return (np.ceil(x),)


OP = Ceil
