"""Sub of int8 tensors of one shape."""

from __future__ import annotations

from limen.ops.sub import Sub
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels.armv7em._sums import sums


def emit(site: Site) -> Kernel | None:
    assert isinstance(site.op, Sub)
    return sums(site, site.op.activation, -1)


EMIT = emit
