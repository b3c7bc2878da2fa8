"""Every n-th element of a block, with numpy's rules for negative numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limen.errors import ProgramError
from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class StridedSlice(Op):
    """x[begin:end:strides]; bit i of a mask is about position i (TFLite StridedSliceOptions)."""

    name = "StridedSlice"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        try:
            shape = np.empty(x.shape, np.bool_)[self.index()].shape
        except (IndexError, ValueError) as error:
            raise ProgramError(f"begin {self.begin}, end {self.end} do not fit shape {x.shape}: {error}") from error
        return (TensorType(tuple(shape), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.ascontiguousarray(value(inputs, 0)[self.index()]).reshape(operands.outputs[0].shape),)

    def index(self) -> Any:
        """The numpy index."""
        index: list[object] = []
        for i, (begin, end, stride) in enumerate(zip(self.begin, self.end, self.strides, strict=True)):
            if self.ellipsis_mask >> i & 1:
                index.append(...)
            elif self.new_axis_mask >> i & 1:
                index.append(None)
            elif self.shrink_axis_mask >> i & 1:
                index.append(begin)
            else:
                first = None if self.begin_mask >> i & 1 else begin
                last = None if self.end_mask >> i & 1 else end
                index.append(slice(first, last, stride))
        return tuple(index)


OP = StridedSlice
