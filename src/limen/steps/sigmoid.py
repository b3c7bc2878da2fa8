"""One logit per answer to its probability."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._boxes import squashed
from limen.steps._values import Array, array, single
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Sigmoid(Step):
    """Numbers of any shape -> float32, same shape: 1 / (1 + exp(-x)), in float64."""

    name = "sigmoid"
    kind = "post"

    def run(self, value: Value, context: Context) -> Array:
        return squashed(array(self, single(self, value), "logits")).astype(np.float32)


STEP = Sigmoid

VECTORS = (
    Vector(
        Sigmoid(),
        np.array([[-1000.0, -1.0, 0.0], [2.0, 20.0, 1000.0]], np.float32),
        np.array([[0.0, 0.26894143, 0.5], [0.88079708, 1.0, 1.0]], np.float32),
        tolerance=1e-6,
    ),
)
