"""Resize a picture to a fixed size, nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._fixed_point import round_away
from limen.ops._types import present, require_dtype, require_rank, value
from limen.program import Array, DType, Op, Operands, QuantRule, Tensor, TensorType, require


@dataclass(frozen=True)
class ResizeNearest(Op):
    """Resize [N, H, W, C] to [N, *size, C], nearest.

    Args:
        size: (height, width) of the output.
        align_corners: the corner pixels of input and output meet; coordinates are rounded instead of cut off.
        half_pixel_centers: pixel i covers i ... i + 1 and its centre lies at i + 0.5.
    """

    name = "ResizeNearest"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    size: tuple[int, int] = (1, 1)
    align_corners: bool = False
    half_pixel_centers: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_rank(x, 4, "input")
        known: tuple[DType, ...] = ("float32", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "bool")
        require_dtype(x, known, "input")
        require(min(self.size) > 0 and x.size > 0, f"{x.shape} does not resize to {self.size}")
        return (TensorType((x.shape[0], *self.size, x.shape[3]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        rows, columns = (self._indices(x.shape[1 + i], self.size[i]) for i in range(2))
        return (np.asarray(x[:, rows][:, :, columns], order="C"),)

    def _indices(self, source: int, target: int) -> Array:
        aligned = self.align_corners and target > 1
        scale = np.float32(source - aligned) / np.float32(target - aligned)
        offset = np.float32(0.5) if self.half_pixel_centers else np.float32(0)
        places = (np.arange(target, dtype=np.float32) + offset) * scale
        rounded = round_away(places) if self.align_corners else np.floor(places)
        return np.clip(rounded, 0, source - 1).astype(np.int64)


OP = ResizeNearest
