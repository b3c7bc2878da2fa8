"""int8 by dot products of four rows; channels that half a vector divides better use it."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._x86._depthwise import depthwise_conv2d
from limen.targets.c.kernels._x86._vectors import VNNI, VNNI_HALF


def emit(site: Site) -> Kernel | None:
    channels = site.output().shape[3]
    halves = channels >= VNNI_HALF.span and -(-channels // VNNI_HALF.span) % 2 == 1
    return depthwise_conv2d(site, VNNI_HALF if halves else VNNI)


EMIT = emit
