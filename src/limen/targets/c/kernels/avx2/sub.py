"""int8 differences by two multiply-adds in float."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd._add import add
from limen.targets.c.kernels._x86._vectors import AVX2


def emit(site: Site) -> Kernel | None:
    return add(site, AVX2, -1)


EMIT = emit
