"""Fit one picture into a frame, its aspect kept, the rest filled.

Source: the letterbox of the YOLO family; sides rounded half to even, the odd pixel of padding right and below.
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
from limen.steps.resize import Method, resized


@dataclasses.dataclass(frozen=True)
class Letterbox(Step):
    """[height, width, channels] uint8 or float32 -> [size[1], size[0], channels], same dtype.

    Args:
        size: width and height of the frame, pixels.
        fill: value of the pixels around the picture, 0 to 255 for uint8.
        align: where the picture lies in the frame.
        method: how it is resized, see the step resize.
        enlarge: whether a picture smaller than the frame grows.
    """

    name = "letterbox"
    kind = "pre"

    size: tuple[int, int]
    fill: float = 114.0
    align: Literal["centre", "corner"] = "centre"
    method: Method = "bilinear"
    enlarge: bool = True

    def check(self) -> None:
        if not all(1 <= side <= 32768 for side in self.size):
            self.refuse("size", "give width x height from 1x1 to 32768x32768")

    def run(self, value: Value, context: Context) -> Array:
        image = picture(self, value)
        if image.dtype == np.uint8 and not (0 <= self.fill <= 255 and self.fill == int(self.fill)):
            self.fail(f"fill={self.fill} does not fit a uint8 picture", "give a whole number from 0 to 255")
        height, width = image.shape[:2]
        inner = _resample.contain((width, height), self.size)
        if not self.enlarge and inner[0] >= width and inner[1] >= height:
            inner = (width, height)
        x, y = (0, 0) if self.align == "corner" else ((self.size[0] - inner[0]) // 2, (self.size[1] - inner[1]) // 2)
        frame = np.full((self.size[1], self.size[0], image.shape[2]), self.fill, image.dtype)
        frame[y : y + inner[1], x : x + inner[0]] = resized(image, inner, self.method)
        moved(context, (width, height), (inner[0] / width, inner[1] / height), (float(x), float(y)))
        return frame


STEP = Letterbox

_WIDE = np.array([[0, 40, 80, 120], [160, 200, 240, 255]], np.uint8)[:, :, None]

VECTORS = (
    Vector(
        Letterbox((4, 4)),
        _WIDE,
        np.array([[114] * 4, [0, 40, 80, 120], [160, 200, 240, 255], [114] * 4], np.uint8)[:, :, None],
    ),
    Vector(
        Letterbox((2, 3), 0.0, "corner", "nearest"),
        _WIDE,
        np.array([[200, 255], [0, 0], [0, 0]], np.uint8)[:, :, None],
    ),
    Vector(
        Letterbox((3, 3), 7.0, enlarge=False),
        np.array([[1.0, 2.0]], np.float32),
        np.array([[7, 7, 7], [1, 2, 7], [7, 7, 7]], np.float32)[:, :, None],
    ),
)
