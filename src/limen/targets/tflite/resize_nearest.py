"""ResizeNearest as RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

from typing import Any

from limen.targets.tflite._emit import Emission, Emitter, Site, integers


def emit(op: Any, site: Site) -> Emission:
    sampled = op.half_pixel_centers or op.align_corners
    version = 4 if site.dtype == "int16" else 3 if sampled else site.version(int8=2)
    return site.emission(
        "RESIZE_NEAREST_NEIGHBOR",
        integers("size", op.size),
        options="ResizeNearestNeighborOptions",
        version=version,
        align_corners=op.align_corners,
        half_pixel_centers=op.half_pixel_centers,
    )


EMIT = Emitter("ResizeNearest", emit)
