"""ArgMax in portable C."""

from __future__ import annotations

from limen.ops.arg_max import ArgMax
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._waxis import first_extreme


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int32, bool."""
    assert isinstance(site.op, ArgMax)
    return first_extreme(site, site.op.axis, ">")


EMIT = emit
