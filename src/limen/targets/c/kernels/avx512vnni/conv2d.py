"""int8 by dot products of bytes; narrow layers use half the vector."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._x86 import _weighted
from limen.targets.c.kernels._x86._vectors import VNNI, VNNI_HALF


def emit(site: Site) -> Kernel | None:
    return _weighted.conv2d(site, VNNI_HALF if site.output().shape[-1] <= 8 else VNNI)


EMIT = emit
