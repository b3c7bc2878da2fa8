"""int8 by dot products of four rows, half the vector where it divides the channels better; float32 by multiply-adds."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _depthwise
from limen.targets.c.kernels._x86 import _float
from limen.targets.c.kernels._x86._vectors import FLOAT_256, FLOAT_512, VNNI, VNNI_HALF


def emit(site: Site) -> Kernel | None:
    channels = site.output().shape[3]
    half = channels >= VNNI_HALF.span and -(-channels // VNNI_HALF.span) % 2 == 1
    return _depthwise.depthwise_conv2d(site, VNNI_HALF if half else VNNI) or _float.depthwise_conv2d(
        site, FLOAT_512 if channels % FLOAT_512.lanes == 0 else FLOAT_256
    )


EMIT = emit
