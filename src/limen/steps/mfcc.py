"""Cepstral coefficients: the DCT-II of log-mel frames.

A chain for MFCC is ``log_mel:...,mfcc:...``. Source: Davis and Mermelstein 1980; liftering as in the HTK Book, 5.6.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Literal

import numpy as np

from limen.steps._base import Context, Step, Value
from limen.steps._signal import Doubles
from limen.steps._values import Array, array
from limen.steps._vectors import Vector


@functools.cache
def _basis(mels: int, count: int, norm: str) -> Doubles:
    """DCT-II as a matrix [mels, count]: 2 cos(pi k (n + 0.5) / mels), scaled."""
    n, k = np.arange(mels)[:, None] + 0.5, np.arange(count)
    basis = 2.0 * np.cos(np.pi * k * n / mels)
    if norm == "none":
        return basis
    basis /= np.sqrt(2.0 * mels)
    if norm == "ortho":
        basis[:, 0] /= np.sqrt(2.0)
    return basis


@dataclasses.dataclass(frozen=True)
class Mfcc(Step):
    """Log-mel frames [..., mels] -> float32 [..., count]; computed in float64.

    Args:
        count: coefficients kept, from the first on; at most mels.
        norm: ``ortho`` (librosa, torchaudio), ``tf`` (tf.signal: as ortho but for the first coefficient, which is
            sqrt(2) larger), or ``none`` (scipy's default).
        lifter: L of 1 + L / 2 sin(pi k / L); 0 leaves the coefficients as they are.
    """

    name = "mfcc"
    kind = "pre"

    count: int = 13
    norm: Literal["ortho", "tf", "none"] = "ortho"
    lifter: float = 0.0

    def check(self) -> None:
        if self.count < 1:
            self.refuse("count", "give a whole number from 1 on")
        if self.lifter < 0:
            self.refuse("lifter", "give a number from 0 on")

    def run(self, value: Value, context: Context) -> Array:
        mels = array(self, value, "log-mel frames [..., mels]", (1, 2, 3))
        if mels.shape[-1] < self.count:
            self.fail(f"the input of shape {mels.shape} has {mels.shape[-1]} mels", f"count={self.count} needs more")
        found = mels.astype(np.float64) @ _basis(mels.shape[-1], self.count, self.norm)
        if self.lifter:
            found *= 1.0 + self.lifter / 2.0 * np.sin(np.pi * np.arange(self.count) / self.lifter)
        return found.astype(np.float32)


STEP = Mfcc

_FRAMES = np.array([[1.0, 2.0, 4.0, 8.0], [0.0, 0.0, 0.0, 1.0]], np.float32)

VECTORS = (
    Vector(
        Mfcc(3),
        _FRAMES,
        np.array([[7.5, -5.1141665, 1.5], [0.5, -0.65328148, 0.5]], np.float32),
        tolerance=1e-5,
    ),
    Vector(
        Mfcc(4, "tf", 22.0),
        _FRAMES,
        np.array(
            [[10.6066017, -13.120206, 6.1485872, -3.2728067], [0.70710678, -1.6759696, 2.0495291, -1.5071135]],
            np.float32,
        ),
        tolerance=1e-5,
    ),
    Vector(Mfcc(2, "none"), _FRAMES[0], np.array([30.0, -14.4650472], np.float32), tolerance=1e-5),
)
