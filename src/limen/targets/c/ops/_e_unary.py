"""Functions of one operand: tables for 8-bit codes, interpolated tables for int16, C expressions for floats."""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Site
from limen.targets.c.ops._e_codes import unsupported
from limen.targets.c.ops._e_plain import expression
from limen.targets.c.ops._e_table import answers, byte_function, is_byte_function
from limen.targets.c.ops._elementwise import Element, elementwise

INTERPOLATE = Helper(
    "interpolate_int16",
    """\
/* An int16 function from 513 samples, linear between them. */
static inline int16_t interpolate_int16(const int16_t *table, int32_t x)
{
    const int16_t *sample = table + 256 + (x >> 7);
    const int32_t slope = (int16_t)(sample[1] - sample[0]);

    return (int16_t)(sample[0] + ((slope * (x & 127) + 64) >> 7));
}
""",
)


def float_function(site: Site, text: str, helpers: tuple[Helper, ...] = ()) -> Kernel:
    """The kernel of a function that integers look up.

    Args:
        text: C expression of the float32 result; ``{0}`` is the operand.
        helpers: that it calls.

    Raises:
        UnsupportedOp: an element type that has neither table nor expression.
    """
    dtype = site.input(0).dtype
    if dtype == "float32":
        return expression(site, text, helpers=helpers)
    if is_byte_function(site):
        return byte_function(site)
    if dtype == "int16":
        return interpolated(site)
    raise unsupported(site)


def interpolated(site: Site) -> Kernel:
    """An int16 function that the reference interpolates between 513 samples; the samples are read off its answers.

    Raises:
        UnsupportedOp: it does something else.
    """
    wanted = answers(site).astype(np.int64)
    table = _samples(wanted)
    if table is None:
        raise unsupported(site)
    symbol = site.local("table")
    constant = Constant(symbol, table.astype(np.int16), 4, "Samples at every 128th code, and the last code's.")
    line = f"{{y}} = interpolate_int16({symbol}, {{0}});"
    return elementwise(site, Element((line,), (INTERPOLATE,), (constant,)))


def _samples(wanted: Array) -> Array | None:
    """The table whose interpolation gives the wanted answers to all codes, ascending; None where there is none.

    The last sample is not an answer: of the few that explain the last 128 answers, the first is taken.
    """
    table = np.append(wanted[::128], 0)
    rest = np.arange(128)
    base, last = int(wanted[-128]), int(wanted[-1])
    around = base + round((last - base) * 128 / 127)
    for guess in range(around - 2, around + 3):
        slope = int(np.int64(guess - base).astype(np.int16))
        if np.array_equal(base + ((slope * rest + 64) >> 7), wanted[-128:]):
            table[-1] = np.int64(guess).astype(np.int16)
            break
    codes = np.arange(-32768, 32768)
    index = 256 + (codes >> 7)
    slopes = (table[index + 1] - table[index]).astype(np.int16).astype(np.int64)
    found = table[index] + ((slopes * (codes & 127) + 64) >> 7)
    return table if np.array_equal(found, wanted) else None
