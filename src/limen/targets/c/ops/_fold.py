"""The streaming form of a global average: rows are added as they come, the quotient is taken at the end."""

from __future__ import annotations

from limen.ops._activation import code_range
from limen.ops.average_pool2d import AveragePool2D
from limen.targets.c._kernel import Fold, Site, c_type
from limen.targets.c.ops._requantize import CLAMP
from limen.targets.c.ops._wfinish import finish_float

_FOLD = """\
static void {symbol}_start(void *scratch)
{{
    memset(scratch, 0, {bytes}u);
}}

static void {symbol}_add(const {kind} *x0, void *scratch)
{{
    {wide} *const sums = scratch;
    for (int32_t x = 0; x < {width}; ++x) {{
        for (int32_t c = 0; c < {channels}; ++c) {{
            sums[c] += x0[x * {channels} + c];
        }}
    }}
}}

static void {symbol}_finish({kind} *y0, const void *scratch)
{{
    const {wide} *const sums = scratch;
    for (int32_t c = 0; c < {channels}; ++c) {{
{finish}
    }}
}}
"""
_INTEGER = """\
        const int32_t total = sums[c];
        const int32_t mean = (total > 0 ? total + {half} : total - {half}) / {count};
        y0[c] = ({kind})limen_clamp(mean, {low}, {high});"""
_FLOAT = """\
        const float mean = sums[c] / {count}.0f;
        y0[c] = {value};"""


def average_fold(site: Site) -> Fold | None:
    """For an AveragePool2D over all of one image; None for other windows and for int16, whose sums could overflow."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, AveragePool2D)
    covers = x.shape[0] == 1 and op.filter == x.shape[1:3] and not any(op.padding)
    if not covers or x.dtype not in ("float32", "int8", "uint8"):
        return None
    count, channels = x.shape[1] * x.shape[2], x.shape[3]
    kind = c_type(x)
    if x.dtype == "float32":
        finish = _FLOAT.format(count=count, value=finish_float(op.activation).of("mean", ""))
    else:
        low, high = code_range(output, op.activation)
        finish = _INTEGER.format(half=count // 2, count=count, kind=kind, low=low, high=high)
    wide = "float" if x.dtype == "float32" else "int32_t"
    text = _FOLD.format(
        symbol=site.symbol, bytes=4 * channels, kind=kind, wide=wide, width=x.shape[2], channels=channels, finish=finish
    )
    return Fold(text, 4 * channels, () if x.dtype == "float32" else (CLAMP,))
