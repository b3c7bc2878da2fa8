"""Standardise: (x - mean) / std per feature.

The numpy step computes in float64. Here float does where the input fits it: the mean is split into two floats, so that
a large mean costs no digits. Inputs of 32 bits and more, and float64, are computed in double.
"""

from __future__ import annotations

import numpy as np

from limen.steps import Context
from limen.steps.standardise import Standardise
from limen.targets.c._kernel import Constant
from limen.targets.c.steps._kernel import StepSite
from limen.targets.c.steps._pointwise import Array, Fusion, Point

_WIDE = ("float64", "int32", "uint32", "int64")


def POINT(site: StepSite, fusion: Fusion) -> Fusion:
    """One more step of the loop."""
    step = site.step
    assert isinstance(step, Standardise)
    shape = fusion.view.shape
    if not shape or shape[-1] != len(step.mean):
        site.refuse(f"on the shape {list(shape)}", f"give {len(step.mean)} features on the last axis")
    wide = fusion.dtype in _WIDE or site.real == "double"
    real, dtype = ("double", np.float64) if wide else ("float", np.float32)
    mean = np.asarray(step.mean, np.float64)
    constants = [
        Constant(site.local("mean"), mean.astype(dtype), comment="mean of each feature"),
        Constant(site.local("std"), np.asarray(step.std, dtype), comment="standard deviation of each feature"),
    ]
    lines = f"{real} @y@_ = ({real})@x@ - {site.local('mean')}[@c@];\n"
    rest = (mean - mean.astype(dtype)).astype(dtype)
    if rest.any():
        constants.append(Constant(site.local("rest"), rest, comment="what the mean is off by in float"))
        lines += f"@y@_ = @y@_ - {site.local('rest')}[@c@];\n"
    cast = "(float)" if wide else ""
    lines += f"const float @y@ = {cast}(@y@_ / {site.local('std')}[@c@]);\n"

    def apply(values: Array) -> Array:
        return step.run(values, Context())

    return fusion.then(Point("float32", lines, apply, len(step.mean), tuple(constants)))
