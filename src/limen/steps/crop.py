"""Cut a rectangle out of one picture."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._geometry import moved
from limen.steps._values import Array, picture
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Crop(Step):
    """[height, width, channels] uint8 or float32 -> the same, smaller; [height, width] counts as one channel.

    Args:
        size: width and height of the rectangle, pixels.
        at: x and y of its upper left corner, pixels; ``none`` centres it: floor((source - size) / 2).
    """

    name = "crop"
    kind = "pre"

    size: tuple[int, int]
    at: tuple[int, ...] = ()

    def check(self) -> None:
        if min(self.size) < 1:
            self.refuse("size", "give width x height of at least 1x1")
        if len(self.at) not in (0, 2) or any(side < 0 for side in self.at):
            self.refuse("at", "give x and y from 0 on, like 10x20, or leave it out to centre")

    def run(self, value: Value, context: Context) -> Array:
        image = picture(self, value)
        height, width = image.shape[:2]
        x, y = self.at or ((width - self.size[0]) // 2, (height - self.size[1]) // 2)
        right, bottom = x + self.size[0], y + self.size[1]
        if min(x, y) < 0 or right > width or bottom > height:
            self.fail(
                f"the rectangle {self.size[0]}x{self.size[1]} at {x}x{y} leaves the picture of {width}x{height}",
                "resize before it, or crop less",
            )
        moved(context, (width, height), (1.0, 1.0), (-float(x), -float(y)))
        return np.ascontiguousarray(image[y:bottom, x:right])


STEP = Crop

_GREY = np.arange(20, dtype=np.uint8).reshape(4, 5, 1)

VECTORS = (
    Vector(Crop((2, 2)), _GREY, np.array([[[6], [7]], [[11], [12]]], np.uint8)),
    Vector(Crop((3, 1), (2, 3)), _GREY[:, :, 0], np.array([[[17], [18], [19]]], np.uint8)),
    Vector(Crop((5, 4)), _GREY.astype(np.float32), _GREY.astype(np.float32)),
)
