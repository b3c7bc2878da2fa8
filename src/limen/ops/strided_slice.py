"""Every n-th element of a block, with masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, value
from limen.program import Array, Op, Operands, QuantRule, Shape, Tensor, TensorType, require


@dataclass(frozen=True, slots=True)
class Axis:
    """What is taken of one axis: ``start``, ``start + stride`` ... before ``stop``."""

    start: int
    stop: int
    stride: int
    shrink: bool

    @property
    def extent(self) -> int:
        return len(range(self.start, self.stop, self.stride))

    @property
    def index(self) -> slice:
        """As numpy writes it, where -1 would be the last element."""
        return slice(self.start, self.stop if self.stop >= 0 else None, self.stride)


@dataclass(frozen=True)
class StridedSlice(Op):
    """x[begin:end:strides]; bit i of a mask is about position i of the three.

    Args:
        begin_mask: the whole axis from its start.
        end_mask: the whole axis to its end.
        ellipsis_mask: as many whole axes as are left over; one bit at most.
        new_axis_mask: an axis of extent 1 that the input does not have.
        shrink_axis_mask: only ``begin``, and the axis goes; ``begin`` is clamped to the axis.
    """

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
        return (TensorType(tuple(a.extent for a in self._axes(x.shape)[1] if not a.shrink), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        shape, axes = self._axes(x.shape)
        taken = x.reshape(shape)[tuple(axis.index for axis in axes)]
        return (np.asarray(taken, order="C").reshape(operands.outputs[0].shape),)

    def _axes(self, shape: Shape) -> tuple[Shape, list[Axis]]:
        """The input's shape with the new axes, and what is taken of each."""
        count = len(self.begin)
        require(len(self.end) == len(self.strides) == count, "begin, end and strides have different lengths")
        require(bin(self.ellipsis_mask).count("1") <= 1, "more than one ellipsis")
        new = sum(self.new_axis_mask >> i & ~(self.ellipsis_mask >> i) & 1 for i in range(count))
        left_over = len(shape) + new - count
        extents = list(shape)
        axes: list[Axis] = []
        for i in range(count):
            if self.ellipsis_mask >> i & 1:
                require(left_over >= 0, f"the ellipsis at position {i} stands for no axis of {shape}; leave it out")
                axes += [Axis(0, extent, 1, False) for extent in extents[len(axes) : len(axes) + left_over + 1]]
                left_over = 0
            elif self.new_axis_mask >> i & 1:
                extents.insert(len(axes), 1)
                axes.append(Axis(0, 1, 1, False))
            else:
                require(len(axes) < len(extents), f"{count} positions are too many for shape {shape}")
                axes.append(self._axis(i, extents[len(axes)]))
        axes += [Axis(0, extent, 1, False) for extent in extents[len(axes) :]]
        require(len(axes) == len(extents), f"{count} positions are too many for shape {shape}")
        return tuple(extents), axes

    def _axis(self, i: int, extent: int) -> Axis:
        stride = self.strides[i]
        require(stride != 0, f"stride {i} is 0")
        low, high = (0, extent) if stride > 0 else (-1, extent - 1)
        start = min(max(self.begin[i] + extent * (self.begin[i] < 0), low), high)
        if self.begin_mask >> i & 1:
            start = 0 if stride > 0 else extent - 1
        if self.shrink_axis_mask >> i & 1:
            fits = stride > 0 and start < extent
            require(fits, f"position {i}: begin {self.begin[i]} with stride {stride} leaves an axis of extent {extent}")
            return Axis(start, start + 1, 1, True)
        stop = min(max(self.end[i] + extent * (self.end[i] < 0), low), high)
        if self.end_mask >> i & 1:
            stop = extent if stride > 0 else -1
        return Axis(start, stop, stride, False)


OP = StridedSlice
