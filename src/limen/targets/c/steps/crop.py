"""Crop: a rectangle of one picture."""

from __future__ import annotations

import numpy as np

from limen.steps.crop import Crop
from limen.targets.c.steps._kernel import StepKernel, StepSite, fill, one
from limen.targets.c.steps._picture import moved, movers, picture

_BODY = """\
@check@@view@    for (int32_t row = 0; row < @rows@; row++) {
        memcpy(&y[row * @line@], &x[@from@], @bytes@u);
    }
@end@"""

_CHECK = """\
    const int32_t left = @left@;
    const int32_t top = @top@;

    if (left < 0 || top < 0 || left > width - @wide@ || top > height - @high@) {
        return -1;
    }
"""


def EMIT(site: StepSite) -> StepKernel:
    """[height, width, channels] -> a smaller one of fixed size."""
    step = site.step
    assert isinstance(step, Crop)
    port = picture(site)
    height, width, channels = port.shape
    wide, high = step.size
    open_size = site.flow.varies == "picture"
    left, top = step.at or ((width - wide) // 2, (height - high) // 2)
    if min(left, top) < 0 or left + wide > width or top + high > height:
        site.refuse(f"of {wide}x{high} at {left}x{top} from {width}x{height}", "resize before it, or crop less")
    line = wide * channels
    if open_size:
        centre = (f"(width - {wide}) >> 1", f"(height - {high}) >> 1")
        at = step.at or centre
        check = fill(_CHECK, left=at[0], top=at[1], wide=wide, high=high)
        start = f"((row + top) * width + left) * {channels}"
        view = moved(site, "1", "1", f"({site.real})-left", f"({site.real})-top")
    else:
        check, start = "", f"(row + {top}) * {width * channels} + {left * channels}"
        view = moved(site, "1", "1", str(-left), str(-top))
    result = one(port.dtype, (high, wide, channels))
    kernel = StepKernel("", result, helpers=movers(site), fails=open_size, view=site.views)
    body = fill(
        _BODY,
        check=check,
        view=view,
        rows=high,
        line=line,
        bytes=line * np.dtype(port.dtype).itemsize,
        end="    return 0;\n" if open_size else "",
        **{"from": start},
    )
    return site.write(kernel, body)
