"""Normalise: (x * scale - mean) / std, each operation rounded to float32 by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from limen.steps import Context
from limen.steps.normalise import Normalise
from limen.targets.c._kernel import C_TYPES, Constant
from limen.targets.c.steps._kernel import StepSite, number
from limen.targets.c.steps._numbers import ROUND
from limen.targets.c.steps._pointwise import Array, Fusion, Point


def POINT(site: StepSite, fusion: Fusion) -> Fusion:
    """One more step of the loop; each operation stands in a statement of its own, so that none is contracted."""
    step = site.step
    assert isinstance(step, Normalise)
    shape = fusion.view.shape
    channels = shape[-1] if shape else 1
    for parameter in ("mean", "std"):
        if len(getattr(step, parameter)) not in (1, channels):
            site.refuse(f"with {parameter} for another number of channels than {channels}", f"fit {parameter}")
    if step.order == "bgr":
        if len(shape) < 3 or channels != 3:
            site.refuse(f"in order=bgr on the shape {list(shape)}", "give a picture of 3 channels")
        fusion = fusion.reversed()
    mean, std = np.asarray(step.mean, np.float32), np.asarray(step.std, np.float32)
    lines, constants = ["float @y@_ = (float)@x@;\n"], []
    if np.float32(step.scale) != 1:
        lines.append(f"@y@_ = @y@_ * {number(step.scale)};\n")
    for name, values, sign, neutral in (("mean", mean, "-", 0), ("std", std, "/", 1)):
        if (values == neutral).all():
            continue
        if (values == values[0]).all():
            lines.append(f"@y@_ = @y@_ {sign} {number(float(values[0]))};\n")
        else:
            constants.append(Constant(site.local(name), values, comment=f"{name} of each channel"))
            lines.append(f"@y@_ = @y@_ {sign} {site.local(name)}[@c@];\n")
    point = Point(
        step.dtype,
        "".join(lines) + _finish(step.dtype),
        _apply(step),
        channels if constants else 0,
        tuple(constants),
        () if step.dtype == "float32" else (ROUND,),
    )
    return fusion.then(point)


def _finish(dtype: str) -> str:
    if dtype == "float32":
        return "const float @y@ = @y@_;\n"
    limits, ctype = np.iinfo(dtype), C_TYPES[dtype]
    return f"const {ctype} @y@ = ({ctype})round_within(@y@_, {limits.min}, {limits.max});\n"


def _apply(step: Normalise) -> Callable[[Array], Array]:
    plain = Normalise(step.mean, step.std, step.scale, "rgb", step.dtype)

    def apply(values: Array) -> Array:
        return plain.run(values, Context())

    return apply
