"""a where the condition holds, b elsewhere; all three broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from limen.ops._types import broadcast_shapes, present, require_dtype, require_same_dtype, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class Select(Op):
    """a where the condition holds, b elsewhere; all three broadcast."""

    name = "Select"
    arity = (3, 3)
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"), data_inputs=(1, 2))

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        condition, a, b = (present(inputs, i, r) for i, r in enumerate(("condition", "first", "second")))
        require_dtype(condition, ("bool",), "condition")
        require_same_dtype(a, b)
        both = replace(a, shape=broadcast_shapes(a, b))
        return (TensorType(broadcast_shapes(condition, both), a.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.where(value(inputs, 0), value(inputs, 1), value(inputs, 2)),)


OP = Select
