"""int8 by dot products or products of halves; float32 is left to the vectors of portable C."""

from __future__ import annotations

import numpy as np

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._simd import _weighted
from limen.targets.c.kernels.neon._vectors import vectors_of


def emit(site: Site) -> Kernel | None:
    vectors, w = vectors_of(site), site.input(1)
    if vectors.products == "halves" and w.data is not None and np.any(w.data == -128):
        return None
    return _weighted.fully_connected(site, vectors)


EMIT = emit
