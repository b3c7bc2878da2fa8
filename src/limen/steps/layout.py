"""Order the axes of one picture the way the model wants them."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Layout(Step):
    """[height, width, channels] of any dtype -> the axes named; ``n`` is a leading axis of 1.

    Args:
        to: the axes of the result.
    """

    name = "layout"
    kind = "pre"

    to: Literal["hwc", "chw", "nhwc", "nchw"]

    def run(self, value: Value, context: Context) -> Array:
        image = array(self, value, "one picture, height x width x channels", (2, 3))
        image = image[:, :, None] if image.ndim == 2 else image
        moved = image.transpose(2, 0, 1) if self.to.endswith("chw") else image
        return np.ascontiguousarray(moved[None] if self.to.startswith("n") else moved)


STEP = Layout

_PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)

VECTORS = (
    Vector(Layout("hwc"), _PIXELS, _PIXELS),
    Vector(Layout("nchw"), _PIXELS, np.array([[[[0, 2, 4], [6, 8, 10]], [[1, 3, 5], [7, 9, 11]]]], np.uint8)),
    Vector(Layout("chw"), np.array([[1.5, 2.5]], np.float32), np.array([[[1.5, 2.5]]], np.float32)),
    Vector(Layout("nhwc"), _PIXELS[:1, :1], np.array([[[[0, 1]]]], np.uint8)),
)
