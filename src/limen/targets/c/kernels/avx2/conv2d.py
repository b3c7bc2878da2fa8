"""int8 by 16-bit multiply-adds; float32 by fused multiply-adds."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _weighted
from limen.targets.c.kernels._x86 import _float
from limen.targets.c.kernels._x86._vectors import FLOAT_256, avx2


def emit(site: Site) -> Kernel | None:
    height, width = site.output().shape[1:3]
    return _weighted.conv2d(site, avx2(height * width)) or _float.conv2d(site, FLOAT_256)


EMIT = emit
