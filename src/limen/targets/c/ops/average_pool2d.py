"""AveragePool2D in portable C."""

from __future__ import annotations

from limen.ops._activation import code_range
from limen.ops.average_pool2d import AveragePool2D
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._requantize import CLAMP
from limen.targets.c.ops._wfinish import finish_float
from limen.targets.c.ops._wpool import Pooling, pool

_MEAN = """\
/* The mean of count elements, halves away from zero, as a code of the activation's range. */
static inline {kind} {symbol}_mean({wide} total, int32_t count)
{{
    const {wide} half = count / 2;
    const {wide} mean = (total > 0 ? total + half : total - half) / count;
    return ({kind})limen_clamp({value}, {low}, {high});
}}
"""

_FLOAT_MEAN = """\
/* The mean of count elements, under the activation. */
static inline float {symbol}_mean(float total, int32_t count)
{{
    const float mean = total / (float)count;
    return {value};
}}
"""


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int16."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, AveragePool2D)
    if x.dtype == "float32":
        mean = _FLOAT_MEAN.format(symbol=site.symbol, value=finish_float(op.activation).of("mean", ""))
        pooling = Pooling("float", "0.0f", "@A += @X;", f"{site.symbol}_mean(@A, @N)", mean)
    else:
        low, high = code_range(output, op.activation)
        wide = "int64_t" if x.dtype == "int16" and op.filter[0] * op.filter[1] >= 65535 else "int32_t"
        value = "mean" if wide == "int32_t" else "(int32_t)mean"
        mean = _MEAN.format(kind=c_type(x), symbol=site.symbol, wide=wide, value=value, low=low, high=high)
        pooling = Pooling(wide, "0", "@A += @X;", f"{site.symbol}_mean(@A, @N)", mean, (CLAMP,))
    return pool(site, op.filter, op.stride, op.padding, pooling)


EMIT = emit
