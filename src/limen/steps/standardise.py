"""Centre and scale each feature of a sensor reading or table row."""

from __future__ import annotations

import dataclasses

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@dataclasses.dataclass(frozen=True)
class Standardise(Step):
    """[..., features] numbers -> float32, same shape: (x - mean) / std in float64, as scikit-learn's StandardScaler.

    Args:
        mean: one number per feature.
        std: one number per feature, above 0; give 1 for a feature that never changes.
    """

    name = "standardise"
    kind = "pre"

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def check(self) -> None:
        if not self.mean:
            self.refuse("mean", "give one number per feature")
        if len(self.std) != len(self.mean) or min(self.std) <= 0:
            self.refuse("std", f"give {len(self.mean)} numbers above 0, one per feature as for mean")

    def run(self, value: Value, context: Context) -> Array:
        found = array(self, value, f"an array whose last axis has {len(self.mean)} features")
        if not found.ndim or found.shape[-1] != len(self.mean):
            self.fail(f"the input has shape {found.shape}", f"give {len(self.mean)} features on the last axis")
        with np.errstate(over="ignore"):
            scaled = (found.astype(np.float64) - np.array(self.mean)) / np.array(self.std)
            narrow: Array = scaled.astype(np.float32)
        if not np.isfinite(narrow).all():
            self.fail("a standardised value leaves float32", "check the features and std")
        return narrow


STEP = Standardise

VECTORS = (
    Vector(
        Standardise((1.0, -2.0, 0.5), (2.0, 0.25, 1.0)),
        np.array([[1, 2, 3], [-1, -2, 0]], np.int16),
        np.array([[0.0, 16.0, 2.5], [-1.0, 0.0, -0.5]], np.float32),
    ),
    Vector(Standardise((1e6,), (0.5,)), np.array([1e6 + 0.25]), np.array([0.5], np.float32)),
)
