"""int8 by dot products of words; float32 is left to the vectors of portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _weighted
from limen.targets.c.kernels.simd128._vectors import WORDS


def emit(site: Site) -> Kernel | None:
    return _weighted.fully_connected(site, WORDS)


EMIT = emit
