"""int16 sigmoid and tanh of the 16x8 scheme: one table of 256 samples, interpolated (``limen.ops._sigmoid16``)."""

from __future__ import annotations

import numpy as np

from limen.ops._sigmoid16 import SIGMOID, scaled
from limen.targets.c._kernel import Helper, Kernel, Site, refuse
from limen.targets.c.ops._elementwise import Element, elementwise


def _table_text() -> str:
    rows = [", ".join(map(str, SIGMOID[i : i + 12])) for i in range(0, len(SIGMOID), 12)]
    lines = "".join(f"    {row},\n" for row in rows)
    return f"/* sigmoid(i / 24) in units of 2**-16. */\nstatic const uint16_t sigmoid_samples[256] = {{\n{lines}}};\n"


TABLE = Helper("sigmoid_samples", _table_text())

SIGMOID16 = Helper(
    "sigmoid_int16",
    """\
/* Sigmoid of x in units of 1 / (24 * 512), in units of 2**-15. */
static inline int16_t sigmoid_int16(int32_t x)
{
    const uint32_t size = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    const uint32_t index = size >> 9;
    uint32_t value = 0x7fffu << 10;

    if (index < 255) {
        const uint32_t low = sigmoid_samples[index];
        value = (low << 9) + (size & 511u) * (sigmoid_samples[index + 1] - low);
    }
    value = x >= 0 ? value + (1u << 9) : (1u << 25) - value + (1u << 9) - 1;
    return (int16_t)(value >> 10);
}
""",
    (TABLE,),
)

TANH16 = Helper(
    "tanh_int16",
    """\
/* tanh of x in units of 1 / (48 * 256), in units of 2**-15: twice the sigmoid of 2x, less 1. */
static inline int16_t tanh_int16(int32_t x)
{
    const uint32_t size = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    const uint32_t index = size >> 8;
    int32_t value = 0xffff << 8;

    if (index < 255) {
        const int32_t low = sigmoid_samples[index];
        value = (low << 8) + (int32_t)(size & 255u) * (sigmoid_samples[index + 1] - low);
    }
    value = x >= 0 ? value - (1 << 23) + (1 << 7) : (1 << 23) - value + (1 << 7) - 1;
    return (int16_t)(value >> 8);
}
""",
    (TABLE,),
)


def sigmoid_kernel(site: Site, helper: Helper, exponents: tuple[int, ...]) -> Kernel:
    """The kernel of an int16 sigmoid or tanh.

    Args:
        exponents: left shifts, relative to 2**-12, of the input scales that need no multiplication.
    """
    return elementwise(site, Element((f"{{y}} = {helper.name}({_in_table_units(site, exponents)});",), (helper,)))


def _in_table_units(site: Site, exponents: tuple[int, ...]) -> str:
    """C expression of ``limen.ops._sigmoid16.scaled``, proved on all codes."""
    codes = np.arange(-32768, 32768)
    wanted = scaled(codes.astype(np.int16), site.input(0), exponents)
    for exponent in exponents:
        if np.array_equal(wanted, codes * (3 << exponent)):
            return f"{{0}} * {3 << exponent}"
    factor, shift = site.input(0).scale * 4096.0 * 3.0, 0
    while factor <= 32767.0 / 2.0 and shift <= 30:
        factor, shift = factor * 2.0, shift + 1
    rounding = 1 << (shift - 1) if shift else 0
    product = ((codes * int(factor) + rounding + 2**31) % 2**32 - 2**31) >> shift
    if not np.array_equal(product, wanted):
        raise refuse(site, f"with input scale {site.input(0).scale:g}", "choose another scale")
    plus = f" + {rounding}u" if rounding else ""
    text = f"(int32_t)((uint32_t){{0}} * {int(factor)}u{plus})"
    return f"{text} >> {shift}" if shift else text
