"""Box restore: boxes and points back to the source picture, by the view that the pre chain wrote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.steps.box_restore import BoxRestore
from limen.targets.c.steps._kernel import Flow, Port, StepKernel, StepSite, fill, times

_MOVE = """\
    for (int32_t i = 0; i < @n@; i++) {
        @real@ place = ((@real@)@x@[i] - view[2 + (i & 1)]) / view[i & 1];
@clip@        @y@[i] = @place@;
    }
"""

_CLIP = """\
        place = place > view[4 + (i & 1)] ? view[4 + (i & 1)] : place;
        place = place > 0 ? place : 0;
"""


def EMIT(site: StepSite) -> StepKernel:
    """``boxes`` [n, 4] and perhaps ``points`` [n, k, 2] in model pixels -> source pixels; all else passes through."""
    step = site.step
    assert isinstance(step, BoxRestore)
    boxes, points = site.flow.port("boxes"), site.flow.port("points")
    if boxes is None or boxes.shape[1:] != (4,) or any(p.scale for p in site.flow.ports):
        site.refuse("without boxes [n, 4]", "put box_decode and nms before it")
    if points is not None and (len(points.shape) != 3 or points.shape[2] != 2):
        site.refuse(f"with points {list(points.shape)}", "give [n, k, 2]")
    moved = ("boxes", "points")
    result = Flow(
        tuple(replace(p, dtype="float32") if p.name in moved else p for p in site.flow.ports), site.flow.varies
    )
    kernel = StepKernel("", result, view=True)
    parts = ["    *counted = count;\n"] if site.flow.varies else []
    for port, x, y in zip(site.flow.ports, site.flow.arguments("x"), result.arguments("y"), strict=True):
        clip = _CLIP if step.clip and port.name == "boxes" else ""
        if port.name in moved:
            place = "(float)place" if site.real == "double" else "place"
            parts.append(fill(_MOVE, n=_size(site, port), x=x, y=y, clip=clip, place=place, real=site.real))
        else:
            bytes_each = np.dtype(port.dtype).itemsize
            parts.append(f"    memcpy({y}, {x}, (uint32_t)({_size(site, port)}) * {bytes_each}u);\n")
    return site.write(kernel, "".join(parts))


def _size(site: StepSite, port: Port) -> str:
    return times("count", port.row) if site.flow.varies else str(port.size)
