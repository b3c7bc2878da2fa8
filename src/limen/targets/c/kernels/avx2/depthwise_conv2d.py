"""int8 by 16-bit multiply-adds on pairs of rows."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._x86._depthwise import depthwise_conv2d
from limen.targets.c.kernels._x86._vectors import AVX2


def emit(site: Site) -> Kernel | None:
    return depthwise_conv2d(site, AVX2)


EMIT = emit
