"""StridedSlice as STRIDED_SLICE."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    version = max(site.version(int8=2, bool=3, uint32=7), 4 if len(site.input().shape) > 4 else 1)
    return site.emission(
        "STRIDED_SLICE",
        integers("begin", op.begin),
        integers("end", op.end),
        integers("strides", op.strides),
        options="StridedSliceOptions",
        version=6 if op.ellipsis_mask or op.new_axis_mask else version,
        begin_mask=op.begin_mask,
        end_mask=op.end_mask,
        ellipsis_mask=op.ellipsis_mask,
        new_axis_mask=op.new_axis_mask,
        shrink_axis_mask=op.shrink_axis_mask,
    )


EMIT = Emitter("StridedSlice", emit)
