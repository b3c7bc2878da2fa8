"""Mean in portable C."""

from __future__ import annotations

from limen.ops.mean import Mean
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._wsum import sums


def emit(site: Site) -> Kernel:
    """float32, int32, int64, int8, uint8, int16."""
    assert isinstance(site.op, Mean)
    return sums(site, site.op.axes, mean=True)


EMIT = emit
