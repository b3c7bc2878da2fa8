"""Sigmoid: 1 / (1 + exp(-x)), without overflow."""

from __future__ import annotations

from limen.steps import Context
from limen.steps.sigmoid import Sigmoid
from limen.targets.c.steps._kernel import StepSite
from limen.targets.c.steps._numbers import SQUASH
from limen.targets.c.steps._pointwise import Array, Fusion, Point


def POINT(site: StepSite, fusion: Fusion) -> Fusion:
    """One more step of the loop."""

    def apply(values: Array) -> Array:
        return Sigmoid().run(values, Context())

    return fusion.then(Point("float32", "const float @y@ = sigmoid_f32((float)@x@);\n", apply, helpers=(SQUASH,)))
