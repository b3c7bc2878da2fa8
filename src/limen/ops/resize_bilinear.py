"""Resize a picture to a fixed size, bilinear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._types import present, require_dtype, require_rank, value
from limen.program import Array, Op, Operands, QuantRule, Tensor, TensorType, require

_BITS = 10  # fractional bits of a coordinate in the int8 and int16 kernels
_ONE = 1 << _BITS


@dataclass(frozen=True)
class ResizeBilinear(Op):
    """Resize [N, H, W, C] to [N, *size, C], bilinear.

    float32 and uint8 interpolate in float32; int8 and int16 with coordinates of 10 fractional bits.

    Args:
        size: (height, width) of the output.
        align_corners: the corner pixels of input and output meet.
        half_pixel_centers: pixel i covers i ... i + 1 and its centre lies at i + 0.5; not with ``align_corners``.
    """

    name = "ResizeBilinear"
    quant_rule = QuantRule("same", ("int8", "uint8", "int16"))

    size: tuple[int, int] = (1, 1)
    align_corners: bool = False
    half_pixel_centers: bool = False

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        x = present(inputs, 0, "input")
        require_rank(x, 4, "input")
        require_dtype(x, ("float32", "int8", "uint8", "int16"), "input")
        require(min(self.size) > 0 and x.size > 0, f"{x.shape} does not resize to {self.size}")
        both = self.align_corners and self.half_pixel_centers
        require(not both, "align_corners and half_pixel_centers exclude each other")
        return (TensorType((x.shape[0], *self.size, x.shape[3]), x.dtype),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        x = value(inputs, 0)
        return (self._integer(x) if x.dtype in (np.int8, np.int16) else self._float(x),)

    def _float(self, x: Array) -> Array:
        (y0, y1, fy), (x0, x1, fx) = (self._places(x.shape[1 + i], self.size[i]) for i in range(2))
        fy, fx, one = fy[None, :, None, None], fx[None, None, :, None], np.float32(1)
        top, bottom = x[:, y0].astype(np.float32, copy=False), x[:, y1].astype(np.float32, copy=False)
        total = top[:, :, x0] * (one - fy) * (one - fx) + bottom[:, :, x0] * fy * (one - fx)
        total = total + top[:, :, x1] * (one - fy) * fx + bottom[:, :, x1] * fy * fx
        result: Array = total if x.dtype == np.float32 else (total + np.float32(0.5)).astype(x.dtype)
        return result

    def _places(self, source: int, target: int) -> tuple[Array, Array, Array]:
        """Neighbours of every output coordinate and the weight of the second."""
        aligned = self.align_corners and target > 1
        scale = np.float32(source - aligned) / np.float32(target - aligned)
        places = np.arange(target, dtype=np.float32)
        half = np.float32(0.5) if self.half_pixel_centers else np.float32(0)
        places = (places + half) * scale - half
        low = np.maximum(np.floor(places).astype(np.int64), 0)
        high = np.minimum(np.ceil(places).astype(np.int64), source - 1)
        return low, high, places - low.astype(np.float32)

    def _integer(self, x: Array) -> Array:
        (y0, y1, fy), (x0, x1, fx) = (self._fixed_places(x.shape[1 + i], self.size[i]) for i in range(2))
        fy, fx = fy[None, :, None, None], fx[None, None, :, None]
        top, bottom = x[:, y0].astype(np.int64), x[:, y1].astype(np.int64)
        upper = (top[:, :, x0] * (_ONE - fx) + top[:, :, x1] * fx) * (_ONE - fy)
        total = upper + (bottom[:, :, x0] * (_ONE - fx) + bottom[:, :, x1] * fx) * fy
        half = 1 << (2 * _BITS - 1)
        rounded: Array = np.where(total > 0, (total + half) >> (2 * _BITS), -((half - total) >> (2 * _BITS)))
        return rounded.astype(x.dtype)

    def _fixed_places(self, source: int, target: int) -> tuple[Array, Array, Array]:
        aligned = self.align_corners and target > 1
        scale = (_ONE * (source - aligned) + (target - aligned) // 2) // (target - aligned)
        places = np.arange(target, dtype=np.int64) * scale
        if self.half_pixel_centers:
            places = places + scale // 2 - _ONE // 2
        low = np.maximum(np.trunc(places / _ONE).astype(np.int64), 0)
        high = np.minimum(np.trunc((places + _ONE - 1) / _ONE).astype(np.int64), source - 1)
        return low, high, places - low * _ONE


OP = ResizeBilinear
