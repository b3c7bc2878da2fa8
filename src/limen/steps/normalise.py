"""Scale, shift and retype the channels of a picture, or the last axis of any array."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array, floats
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Normalise(Step):
    """[..., channels] numbers -> same shape: (x * scale - mean) / std, each operation in float32, in this order.

    Args:
        mean: one number, or one per channel, after ``scale`` and in the output's channel order.
        std: one number, or one per channel; not 0.
        scale: factor applied first, such as 0.00392156862745098 for 1/255.
        order: ``rgb`` keeps the channels, ``bgr`` reverses them (red first becomes blue first).
        dtype: of the result; integers are rounded half to even and saturated.
    """

    name = "normalise"
    kind = "pre"

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 1.0
    order: Literal["rgb", "bgr"] = "rgb"
    dtype: Literal["float32", "uint8", "int8", "int16"] = "float32"

    def check(self) -> None:
        if not self.mean:
            self.refuse("mean", "give one number, or one per channel")
        if not self.std or not all(floats(self.std)):
            self.refuse("std", "give one number, or one per channel, none of them 0")
        if len({len(self.mean), len(self.std)} - {1}) > 1:
            self.refuse("std", f"give one number, or {len(self.mean)} as for mean")

    def run(self, value: Value, context: Context) -> Array:
        found = array(self, value, "an array whose last axis is the channels", empty=False)
        channels = found.shape[-1] if found.ndim else 1
        for parameter in ("mean", "std"):
            if len(getattr(self, parameter)) not in (1, channels):
                self.fail(f"the input of shape {found.shape} has {channels} channels", f"fit {parameter} to that")
        if self.order == "bgr":
            if found.ndim < 3 or channels != 3:
                self.fail(f"the input has shape {found.shape}", "order=bgr needs a picture of 3 channels")
            found = found[..., ::-1]
        scaled = found.astype(np.float32) * np.float32(self.scale)
        result = (scaled - floats(self.mean)) / floats(self.std)
        if self.dtype == "float32":
            return np.ascontiguousarray(result)
        limits = np.iinfo(self.dtype)
        return np.asarray(np.rint(result).clip(limits.min, limits.max)).astype(self.dtype)


STEP = Normalise

_PIXELS = np.array([[[0, 128, 255], [10, 20, 30]]], np.uint8)

VECTORS = (
    Vector(
        Normalise((127.5,), (127.5,)), _PIXELS[..., :2], np.array([[[-1.0, 1 / 255], [-235 / 255, -215 / 255]]], "f4")
    ),
    Vector(
        Normalise((1.0, 2.0, 4.0), (2.0, 0.5, 8.0), order="bgr"),
        _PIXELS,
        np.array([[[127.0, 252.0, -0.5], [14.5, 36.0, 0.75]]], np.float32),
    ),
    Vector(
        Normalise((1.0,), scale=0.5, dtype="int8"),
        np.array([3.0, 5.0, 7.0, -300.0, 300.0], np.float32),
        np.array([0, 2, 2, -128, 127], np.int8),
    ),
)
