"""Logits to probabilities that sum to 1."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array, single
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Softmax(Step):
    """[..., classes] numbers -> float32, same shape: exp(x - max) / sum, in float64.

    Args:
        axis: the axis of the classes.
        temperature: the logits are divided by it first; above 0.
    """

    name = "softmax"
    kind = "post"

    axis: int = -1
    temperature: float = 1.0

    def check(self) -> None:
        if self.temperature <= 0:
            self.refuse("temperature", "give a number above 0")

    def run(self, value: Value, context: Context) -> Array:
        logits = array(self, single(self, value), "logits with an axis of classes")
        if not -logits.ndim <= self.axis < logits.ndim:
            self.fail(f"the input of shape {logits.shape} has no axis {self.axis}", "set axis")
        wide = logits.astype(np.float64) / self.temperature
        powers = np.exp(wide - wide.max(axis=self.axis, keepdims=True))
        return np.asarray(powers / powers.sum(axis=self.axis, keepdims=True)).astype(np.float32)


STEP = Softmax

VECTORS = (
    Vector(
        Softmax(),
        np.array([[0.0, 1.0, 2.0], [1000.0, 1000.0, -1000.0]], np.float32),
        np.array([[0.09003057, 0.24472848, 0.66524094], [0.5, 0.5, 0.0]], np.float32),
        tolerance=1e-6,
    ),
    Vector(
        Softmax(0, 2.0),
        np.array([[0, 4], [2, 4]], np.int8),
        np.array([[0.26894143, 0.5], [0.73105860, 0.5]], np.float32),
        tolerance=1e-6,
    ),
)
