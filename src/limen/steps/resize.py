"""Resize one picture.

Pixel centres lie at half integers: target pixel i looks at source coordinate (i + 0.5) * source / target - 0.5.

========== ============================================================================= ===========================
method     rule                                                                          same as
========== ============================================================================= ===========================
nearest    the pixel under the target's centre, floor((2 i + 1) source / (2 target))     Pillow NEAREST
bilinear   two taps per axis, edge repeated, no smoothing; uint8 with 11-bit weights and OpenCV INTER_LINEAR, tf.image
           one rounding                                                                  (within 1 level for uint8)
antialias  triangle filter stretched by the shrink factor                                Pillow BILINEAR, bit for bit
bicubic    cubic filter (a = -0.5) stretched by the shrink factor                        Pillow BICUBIC, bit for bit
area       mean over the footprint, partly covered pixels by their share                 OpenCV INTER_AREA
========== ============================================================================= ===========================

antialias, bicubic and area go axis by axis, for uint8 with 22-bit weights and rounded after each: horizontally first,
but vertically first where the height loses pixels, and more than twice as many as the width (as Pillow 13).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps import _resample
from limen.steps._base import Context, Step, Value
from limen.steps._geometry import moved
from limen.steps._values import Array, picture
from limen.steps._vectors import Vector

Method = Literal["nearest", "bilinear", "antialias", "bicubic", "area"]


def resized(image: Array, size: tuple[int, int], method: str) -> Array:
    """One picture [height, width, channels], uint8 or float32, at that width and height, same dtype."""
    height, width = image.shape[:2]
    if method == "nearest":
        rows, columns = _resample.nearest(height, size[1]), _resample.nearest(width, size[0])
        return np.ascontiguousarray(image[rows][:, columns])
    if method == "bilinear":
        return _resample.joint(image, _resample.linear(width, size[0]), _resample.linear(height, size[1]))
    if method == "area":
        return _resample.passes(image, _resample.area(width, size[0]), _resample.area(height, size[1]))
    across, down = _resample.smooth(width, size[0], method), _resample.smooth(height, size[1], method)
    return _resample.passes(image, across, down)


@dataclasses.dataclass(frozen=True)
class Resize(Step):
    """[height, width, channels] uint8 or float32 -> the same at another size; [height, width] counts as one channel.

    Args:
        size: width and height, pixels.
        method: see the module's table.
        fit: ``stretch`` to exactly that size, or ``cover`` it and keep the aspect: the side that needs more becomes
            exact, the other is truncated (a square size is torchvision's ``Resize(int)``); a crop usually follows.
    """

    name = "resize"
    kind = "pre"

    size: tuple[int, int]
    method: Method = "bilinear"
    fit: Literal["stretch", "cover"] = "stretch"

    def check(self) -> None:
        if not all(1 <= side <= 32768 for side in self.size):
            self.refuse("size", "give width x height from 1x1 to 32768x32768")

    def run(self, value: Value, context: Context) -> Array:
        image = picture(self, value)
        height, width = image.shape[:2]
        target = self.size if self.fit == "stretch" else _resample.cover((width, height), self.size)
        moved(context, (width, height), (target[0] / width, target[1] / height), (0.0, 0.0))
        return resized(image, target, self.method)


STEP = Resize

_GREY = np.array([[0, 10, 20, 30], [40, 50, 60, 70], [80, 90, 100, 255]], np.uint8)[:, :, None]
_RAMP = np.array([[[0.0, 1.0], [2.0, -1.0], [4.0, 0.5]], [[1.0, 1.0], [3.0, 0.0], [5.0, -8.0]]], np.float32)


def _u8(rows: list[list[int]]) -> Array:
    return np.array(rows, np.uint8)[:, :, None]


VECTORS = (
    Vector(Resize((2, 2), "nearest"), _GREY, _u8([[10, 30], [90, 255]])),
    Vector(Resize((6, 2)), _GREY, _u8([[10, 15, 22, 28, 35, 40], [70, 75, 82, 88, 149, 209]])),
    Vector(Resize((3, 2), "antialias"), _GREY, _u8([[18, 30, 42], [68, 80, 156]])),
    Vector(
        Resize((6, 4), "bicubic"),
        _GREY,
        _u8([[0, 2, 10, 16, 24, 29], [22, 26, 34, 41, 43, 43], [57, 62, 69, 73, 112, 142], [81, 86, 92, 92, 189, 255]]),
    ),
    Vector(Resize((3, 2), "area"), _GREY, _u8([[16, 28, 41], [70, 82, 167]])),
    Vector(Resize((1, 2), "nearest", "cover"), _GREY[:, :, 0], _u8([[10, 30], [90, 255]])),
    Vector(
        Resize((4, 2)),
        _RAMP,
        np.array(
            [
                [[0.0, 1.0], [1.25, -0.25], [2.75, -0.4375], [4.0, 0.5]],
                [[1.0, 1.0], [2.25, 0.375], [3.75, -3.0], [5.0, -8.0]],
            ],
            np.float32,
        ),
    ),
    Vector(Resize((2, 1), "area"), _RAMP, np.array([[[3.5 / 3, 0.5], [11.5 / 3, -8 / 3]]], np.float32), tolerance=1e-6),
)
