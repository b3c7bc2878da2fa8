"""Letterbox: one picture inside a frame, its aspect kept, the rest filled."""

from __future__ import annotations

from limen.steps import _resample
from limen.steps.letterbox import Letterbox
from limen.targets.c.steps import _open_size
from limen.targets.c.steps._kernel import StepKernel, StepSite, number, one
from limen.targets.c.steps._picture import moved, movers, picture
from limen.targets.c.steps._resample import resized


def EMIT(site: StepSite) -> StepKernel:
    """[height, width, channels] uint8 or float32 -> [size[1], size[0], channels]."""
    step = site.step
    assert isinstance(step, Letterbox)
    port = picture(site)
    if port.dtype == "uint8" and not (0 <= step.fill <= 255 and step.fill == int(step.fill)):
        site.refuse(f"with fill={step.fill} in a uint8 picture", "give a whole number from 0 to 255")
    if site.flow.varies == "picture":
        return _open_size.letterbox(site, port)
    height, width, channels = port.shape
    inner = _resample.contain((width, height), step.size)
    if not step.enlarge and inner[0] >= width and inner[1] >= height:
        inner = (width, height)
    x, y = (0, 0) if step.align == "corner" else ((step.size[0] - inner[0]) // 2, (step.size[1] - inner[1]) // 2)
    pitch = step.size[0] * channels
    start = y * pitch + x * channels
    found = resized(site, port, inner, step.method, start, pitch)
    kernel = StepKernel(
        "",
        one(port.dtype, (step.size[1], step.size[0], channels)),
        found.constants,
        (*found.helpers, *movers(site)),
        found.scratch,
        view=site.views,
    )
    frame = filled(port.dtype, step.fill, step.size[1] * pitch) if inner != step.size else ""
    scales = (number(inner[0] / width, site.real), number(inner[1] / height, site.real))
    return site.write(kernel, frame + found.text + moved(site, *scales, str(x), str(y)))


def filled(dtype: str, value: float, size: int) -> str:
    """The statements that fill a frame."""
    if dtype == "uint8":
        return f"    memset(y, {int(value)}, {size}u);\n"
    return f"    for (int32_t i = 0; i < {size}; i++) {{\n        y[i] = {number(value)};\n    }}\n"
