"""Sub in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.sub import Sub
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_sum import sum_kernel


def emit(site: Site) -> Kernel:
    """a - b: in fixed point for codes, plain otherwise."""
    return sum_kernel(site, "-", cast(Sub, site.op).activation)


EMIT = emit
