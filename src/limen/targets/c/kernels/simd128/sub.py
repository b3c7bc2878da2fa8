"""int8 differences by two multiplications in float."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd._add import add
from limen.targets.c.kernels.simd128._vectors import WORDS


def emit(site: Site) -> Kernel | None:
    return add(site, WORDS, -1)


EMIT = emit
