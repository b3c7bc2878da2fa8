"""MaxPool2D in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._activation import code_range
from limen.ops.max_pool2d import MaxPool2D
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._math_bits import FROM_BITS
from limen.targets.c.ops._requantize import CLAMP
from limen.targets.c.ops._wfinish import finish_float
from limen.targets.c.ops._wpool import Pooling, pool


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int16; nan wins over every number."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, MaxPool2D)
    if x.dtype == "float32":
        step = "@A = @X > @A || @X != @X ? @X : @A;"
        least = "float_from_bits(0xff800000u)"
        finish = finish_float(op.activation).of("@A", "")
        return pool(site, op.filter, op.stride, op.padding, Pooling("float", least, step, finish, helpers=(FROM_BITS,)))
    low, high = code_range(output, op.activation)
    info = np.iinfo(x.dtype)
    whole = (low, high) == (info.min, info.max)
    finish = f"({c_type(x)})@A" if whole else f"({c_type(x)})limen_clamp(@A, {low}, {high})"
    pooling = Pooling(
        "int32_t",
        str(info.min),
        "@A = @X > @A ? @X : @A;",
        finish,
        helpers=() if whole else (CLAMP,),
        fill=int(info.min),
    )
    return pool(site, op.filter, op.stride, op.padding, pooling)


EMIT = emit
