"""Quantize in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._fixed_point import INT32_MAX, INT32_MIN, multiplier
from limen.targets.c._kernel import Helper, Kernel, Site, c_type
from limen.targets.c.ops._e_channels import per_channel
from limen.targets.c.ops._e_codes import codes_kernel
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import byte_function, is_byte_function
from limen.targets.c.ops._e_text import literal
from limen.targets.c.ops._e_value import Value, code, fits, rescaled

ROUND_TO_CODE = Helper(
    "round_to_code",
    """\
/* x rounded, halves away from zero, plus a zero point, kept within low ... high; nan gives 0. */
static inline int32_t round_to_code(float x, int32_t zero, int32_t low, int32_t high)
{
    if (!(x > -1048576.0f)) {
        return x == x ? low : 0;
    }
    if (x > 1048576.0f) {
        return high;
    }
    int32_t whole = (int32_t)x;
    const float rest = x - (float)whole;
    whole += (rest >= 0.5f) - (rest <= -0.5f) + zero;
    return whole < low ? low : whole > high ? high : whole;
}
""",
)


def emit(site: Site) -> Kernel:
    """Real values or codes to the output's codes; what no code can hold saturates."""
    x, y = site.input(0), site.output()
    info = np.iinfo(y.dtype)
    if x.dtype == "float32":
        return _from_float(site)
    if is_byte_function(site):
        return byte_function(site)
    given = code(x, "{0}")
    if not fits(given.low, given.high):
        text = f"(int32_t)((uint32_t){{0}} - (uint32_t){literal(np.asarray(x.zero_point))})"
        given = Value(text, INT32_MIN, INT32_MAX)
    result = rescaled(given, multiplier(x.scale / y.scale))
    return codes_kernel(site, (), result, (int(info.min), int(info.max)))


def _from_float(site: Site) -> Kernel:
    y, info = site.output(), np.iinfo(site.output().dtype)
    cast = f"({c_type(y)})round_to_code"
    quant = y.quant
    assert quant is not None
    if quant.axis is not None:
        zero = "{zero}" if any(quant.zero_point) else "0"
        return per_channel(site, f"{cast}({{0}} / {{scale}}, {zero}, {info.min}, {info.max})", quant, (ROUND_TO_CODE,))
    scale = literal(np.asarray(y.scale, np.float32))
    text = f"{cast}({{0}} / {scale}, {y.zero_point}, {info.min}, {info.max})"
    return expression(site, text, helpers=(ROUND_TO_CODE,))


EMIT = emit
