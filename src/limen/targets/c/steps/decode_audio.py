"""Decode audio: samples that are an array already, in the type wanted. Files are read by ``targets/c/readers/wav``."""

from __future__ import annotations

from limen.steps import Context
from limen.steps.decode_audio import DecodeAudio
from limen.targets.c.steps._kernel import StepSite
from limen.targets.c.steps._numbers import ROUND
from limen.targets.c.steps._pointwise import Array, Fusion, Point

_SHORT = """\
const float @y@_ = (float)@x@ * 32768.0f;
const int16_t @y@ = (int16_t)round_within(@y@_, -32768, 32767);
"""


def POINT(site: StepSite, fusion: Fusion) -> Fusion:
    """One more step of the loop: int16 to float32 between -1 and 1, or back."""
    step = site.step
    assert isinstance(step, DecodeAudio)
    if fusion.view.ndim != 1 or fusion.dtype not in ("int16", "float32", "float64"):
        site.refuse(f"on {fusion.dtype} {list(fusion.view.shape)}", "give one channel of int16 or float32 samples")
    if fusion.dtype == step.dtype:
        return fusion

    def apply(values: Array) -> Array:
        return step.run(values.reshape(-1), Context()).reshape(values.shape)

    if step.dtype == "int16":
        return fusion.then(Point("int16", _SHORT, apply, helpers=(ROUND,)))
    scale = " * (1.0f / 32768.0f)" if fusion.dtype == "int16" else ""
    return fusion.then(Point("float32", f"const float @y@ = (float)@x@{scale};\n", apply))
