"""int8 by dot products of woven rows, or tap by tap; float32 is left to portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd._depthwise import depthwise_conv2d
from limen.targets.c.kernels._simd._taps import depthwise_by_taps
from limen.targets.c.kernels.neon._vectors import has_dot, vectors_of


def emit(site: Site) -> Kernel | None:
    return (depthwise_conv2d if has_dot(site) else depthwise_by_taps)(site, vectors_of(site))


EMIT = emit
