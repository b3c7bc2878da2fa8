"""int8 by 16-bit multiply-adds; float32 by fused multiply-adds."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _weighted
from limen.targets.c.kernels._x86 import _float
from limen.targets.c.kernels._x86._vectors import FLOAT_256, avx2


def emit(site: Site) -> Kernel | None:
    rows = site.input(0).size // max(1, site.input(1).shape[-1])
    return _weighted.fully_connected(site, avx2(rows)) or _float.fully_connected(site, FLOAT_256)


EMIT = emit
