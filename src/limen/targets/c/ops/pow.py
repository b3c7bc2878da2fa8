"""Pow in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops.pow import _NEARLY_WHOLE
from limen.targets.c._kernel import Helper, Kernel, Site
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._elementwise import Element, elementwise
from limen.targets.c.ops._math import POW

_MOST_PRODUCTS = 16

INTEGER_POWER = Helper(
    "integer_power",
    """\
/* a**b, wrapping; 0 where b is negative. */
static inline int32_t integer_power(int32_t a, int32_t b)
{
    uint32_t result = b < 0 ? 0 : 1;

    for (uint32_t square = (uint32_t)a; b > 0; b >>= 1) {
        result *= (b & 1) != 0 ? square : 1;
        square *= square;
    }
    return (int32_t)result;
}
""",
)

WHOLE_POWER = Helper(
    "power_nearly_whole",
    """\
/* x**y; by repeated squaring where y is within 1e-5 of a whole number >= 1. */
static inline float power_nearly_whole(float x, float y)
{
    const int32_t whole = y > 0.5f && y < 16777216.0f ? (int32_t)(y + 0.5f) : 0;
    const double rest = (double)y - (double)whole;
    float result = x;
    int32_t bit = 1;

    if (whole < 1 || rest >= 1e-5 || rest <= -1e-5) {
        return pow_f32(x, y);
    }
    while (bit <= whole / 2) {
        bit *= 2;
    }
    for (bit /= 2; bit > 0; bit /= 2) {
        result *= result;
        result = (whole & bit) != 0 ? x * result : result;
    }
    return result;
}
""",
    (POW,),
)


def emit(site: Site) -> Kernel:
    """a ** b; a single nearly whole exponent means products.

    A negative int32 exponent, at which the interpreter stops, gives 0.
    """
    a, b = site.input(0), site.input(1)
    if b.dtype == "int32":
        return expression(site, "integer_power({0}, {1})", helpers=(INTEGER_POWER,))
    if b.size != 1 or a.shape == b.shape:
        return expression(site, "pow_f32({0}, {1})", helpers=(POW,))
    exponent = 0.0 if b.data is None else float(b.data.reshape(-1)[0])
    whole = int(np.rint(exponent)) if abs(exponent) < _MOST_PRODUCTS else 0
    if whole >= 1 and abs(exponent - whole) < _NEARLY_WHOLE:
        return _products(site, whole)
    return expression(site, "power_nearly_whole({0}, {1})", helpers=(WHOLE_POWER,))


def _products(site: Site, whole: int) -> Kernel:
    lines = ["const float x = {0};"]
    power = "x"
    for bit in bin(whole)[3:]:
        name = f"p{len(lines)}"
        lines.append(
            f"const float {name} = {power} * {power};"
            if bit == "0"
            else f"const float {name} = x * ({power} * {power});"
        )
        power = name
    return elementwise(site, Element((*lines, f"{{y}} = {power};")))


EMIT = emit
