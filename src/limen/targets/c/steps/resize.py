"""Resize: one picture to another size; uint8 to the bit as the numpy step."""

from __future__ import annotations

from limen.steps import _resample
from limen.steps.resize import Resize
from limen.targets.c.steps import _open_size
from limen.targets.c.steps._kernel import StepKernel, StepSite, number, one
from limen.targets.c.steps._picture import moved, movers, picture
from limen.targets.c.steps._resample import resized


def EMIT(site: StepSite) -> StepKernel:
    """[height, width, channels] uint8 or float32 -> the same at another size."""
    step = site.step
    assert isinstance(step, Resize)
    port = picture(site)
    if site.flow.varies == "picture":
        return _open_size.resize(site, port)
    height, width, channels = port.shape
    target = step.size if step.fit == "stretch" else _resample.cover((width, height), step.size)
    found = resized(site, port, target, step.method, 0, target[0] * channels)
    kernel = StepKernel(
        "",
        one(port.dtype, (target[1], target[0], channels)),
        found.constants,
        (*found.helpers, *movers(site)),
        found.scratch,
        view=site.views,
    )
    scales = (number(target[0] / width, site.real), number(target[1] / height, site.real))
    return site.write(kernel, found.text + moved(site, *scales, "0", "0"))
