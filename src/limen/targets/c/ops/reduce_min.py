"""ReduceMin in portable C."""

from __future__ import annotations

from limen.ops.reduce_min import ReduceMin
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._wreduce import Reduction, reduce_axes


def emit(site: Site) -> Kernel:
    """float32, int32, int64, int8, uint8, int16; nan wins over every number."""
    op, x = site.op, site.input(0)
    assert isinstance(op, ReduceMin)
    wins = "@X < acc || @X != @X" if x.dtype == "float32" else "@X < acc"
    return reduce_axes(site, op.axes, Reduction(c_type(x), "@F", f"acc = {wins} ? @X : acc;", "acc"))


EMIT = emit
