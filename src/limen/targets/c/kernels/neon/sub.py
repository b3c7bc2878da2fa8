"""int8 differences by two multiply-adds in float on 64-bit Arm."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd._add import add
from limen.targets.c.kernels.neon._vectors import is_64_bit, vectors_of


def emit(site: Site) -> Kernel | None:
    return add(site, vectors_of(site), -1) if is_64_bit(site) else None


EMIT = emit
