"""int8 by 16-bit multiply-adds on pairs of rows; float32 by fused multiply-adds."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _depthwise
from limen.targets.c.kernels._x86 import _float
from limen.targets.c.kernels._x86._vectors import AVX2, FLOAT_256


def emit(site: Site) -> Kernel | None:
    return _depthwise.depthwise_conv2d(site, AVX2) or _float.depthwise_conv2d(site, FLOAT_256)


EMIT = emit
