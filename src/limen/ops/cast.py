"""Convert the element type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, DType, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Cast(Op):
    """Convert the element type of the stored numbers; scales play no part.

    Integers wrap. Floats become integers by cutting off towards zero, saturated; nan becomes the largest integer.
    float16 is reached through float32. bool is x != 0.
    """

    name = "Cast"
    quant_rule = QuantRule("none")

    dtype: DType = "float32"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        return (TensorType(x.shape, self.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x, target = value(inputs, 0), np.dtype(self.dtype)
        if x.dtype.kind == "f" and target.kind in "iu":
            return (_saturated(x, target),)
        with np.errstate(over="ignore"):
            if target == np.float16:
                x = x.astype(np.float32)
            return (x.astype(target),)


def _saturated(x: Array, target: np.dtype[Any]) -> Array:
    info = np.iinfo(target)
    whole = np.trunc(x.astype(np.float64))
    inside = (whole >= float(info.min)) & (whole < float(info.max) + 1)
    limit = np.where(whole < 0, info.min, info.max).astype(target)
    return np.where(inside, np.where(inside, whole, 0).astype(target), limit)


OP = Cast
