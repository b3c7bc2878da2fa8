"""Give an array another shape; the order of its elements stays."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Reshape(Step):
    """Any array -> the same elements in another shape, same dtype.

    Args:
        shape: the new shape; one axis may be -1 and takes what is left.
    """

    name = "reshape"
    kind = "pre"

    shape: tuple[int, ...]

    def check(self) -> None:
        if self.shape.count(-1) > 1 or any(axis < 1 and axis != -1 for axis in self.shape):
            self.refuse("shape", "give sizes from 1 on, at most one of them -1")

    def run(self, value: Value, context: Context) -> Array:
        found = array(self, value, "an array", empty=True)
        known = math.prod(axis for axis in self.shape if axis != -1)
        if found.size % known or (-1 not in self.shape and found.size != known):
            self.fail(f"the input of shape {found.shape} has {found.size} elements", f"shape needs {known} of them")
        return np.ascontiguousarray(found).reshape(self.shape)


STEP = Reshape

VECTORS = (
    Vector(Reshape((1, 2, 3)), np.arange(6, dtype=np.int8), np.array([[[0, 1, 2], [3, 4, 5]]], np.int8)),
    Vector(Reshape((-1, 2)), np.ones((2, 3), np.float32), np.array([[1, 1], [1, 1], [1, 1]], np.float32)),
)
