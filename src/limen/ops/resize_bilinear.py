"""Resize a picture to a fixed size, bilinear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_rank, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType


@dataclass(frozen=True)
class ResizeBilinear(Op):
    """Resize [N, H, W, C] to [N, *size, C], bilinear."""

    name = "ResizeBilinear"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    size: tuple[int, int] = (1, 1)
    align_corners: bool = False
    half_pixel_centers: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_rank(x, 4, "input")
        return (TensorType((x.shape[0], *self.size, x.shape[3]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        (y0, y1, fy), (x0, x1, fx) = (self._places(x.shape[1 + i], self.size[i]) for i in range(2))
        fy, fx = fy[None, :, None, None], fx[None, None, :, None]
        top, bottom = x[:, y0], x[:, y1]
        upper = top[:, :, x0] * (1 - fy) * (1 - fx) + top[:, :, x1] * (1 - fy) * fx
        lower = bottom[:, :, x0] * fy * (1 - fx) + bottom[:, :, x1] * fy * fx
        return ((upper + lower).astype(x.dtype),)

    def _places(self, source: int, target: int) -> tuple[Array, Array, Array]:
        aligned = self.align_corners and target > 1
        scale = np.float32((source - 1) / (target - 1)) if aligned else np.float32(source / target)
        places = np.arange(target, dtype=np.float32)
        if self.half_pixel_centers:
            places = np.maximum((places + np.float32(0.5)) * scale - np.float32(0.5), np.float32(0))
        else:
            places = places * scale
        low = np.clip(np.floor(places), 0, source - 1).astype(np.int64)
        return low, np.minimum(low + 1, source - 1), places - low.astype(np.float32)


OP = ResizeBilinear
