"""int8 by dot products of bytes, narrow layers with half the vector; float32 by fused multiply-adds."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _weighted
from limen.targets.c.kernels._x86 import _float
from limen.targets.c.kernels._x86._vectors import FLOAT_256, FLOAT_512, VNNI, VNNI_HALF


def emit(site: Site) -> Kernel | None:
    channels = site.output().shape[-1]
    half = channels <= VNNI_HALF.lanes
    return _weighted.fully_connected(site, VNNI_HALF if half else VNNI) or _float.fully_connected(
        site, FLOAT_256 if half else FLOAT_512
    )


EMIT = emit
