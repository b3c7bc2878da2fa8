"""int8 sums by two multiply-adds in float."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._x86._add import add


def emit(site: Site) -> Kernel | None:
    return add(site, 512, 1)


EMIT = emit
