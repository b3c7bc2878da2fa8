"""Softmax in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._softmax import scaling
from limen.ops.softmax import Softmax, _tables
from limen.targets.c._kernel import Constant, Helper, Kernel, Site, c_type, refuse
from limen.targets.c._text import float_literal
from limen.targets.c.ops._e_text import INDENT
from limen.targets.c.ops._math import EXP
from limen.targets.c.ops._requantize import RESCALE
from limen.targets.c.ops._wsoftmax import (
    DOUBLING_HIGH,
    LEADING_ZEROS,
    MOST_CODES,
    RECIPROCAL,
    SHIFT_RIGHT,
    entry,
    exponentials,
    largest_and_sum,
    most_of_floats,
    over_rows,
)

_MOST_INT16 = 1 << 16  # sums of so many int16 exponentials stay below 2**31

LOOK_UP = Helper(
    "limen_look_up",
    """\
/* A function by 512 straight pieces between 513 samples over all int16 codes. */
static inline int32_t limen_look_up(const int16_t *table, int32_t code)
{
    const int16_t *piece = table + 256 + (code >> 7);
    const int32_t slope = (int16_t)(piece[1] - piece[0]);
    return piece[0] + ((slope * (code & 127) + 64) >> 7);
}
""",
)


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int16; over the last axis."""
    x = site.input(0)
    count = x.shape[-1]
    if x.dtype == "float32":
        return _float(site, count)
    return _int16(site, count) if x.dtype == "int16" else _codes(site, count)


def _float(site: Site, count: int) -> Kernel:
    op = site.op
    assert isinstance(op, Softmax)
    beta = float(np.float32(op.beta))
    exponent = "x[i] - most" if beta == 1.0 else f"(x[i] - most) * {float_literal(beta)}"
    body = [
        *most_of_floats(count),
        "float sum = 0.0f;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}y[i] = exp_f32({exponent});",
        f"{INDENT}sum += y[i];",
        "}",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}y[i] /= sum;",
        "}",
    ]
    return Kernel(over_rows(site, count, body), helpers=(EXP,), aliases=(0,))


def _codes(site: Site, count: int) -> Kernel:
    op, x = site.op, site.input(0)
    assert isinstance(op, Softmax)
    if count >= MOST_CODES:
        raise refuse(site, f"over {count} elements", "reshape to rows below 4096, or use float32")
    table = exponentials(site, scaling(op._beta, x.scale))
    info = np.iinfo(x.dtype)
    least = f" - {-int(info.min)}" if info.min else ""
    body = [
        *largest_and_sum(table, count),
        "const int32_t zeros = limen_leading_zeros(sum);",
        "const int32_t share = limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t below = most - x[i];",
        f"{INDENT}const int32_t exp = {entry(table)};",
        f"{INDENT}const int64_t part = limen_shift_right(limen_doubling_high(exp, share), 35 - zeros){least};",
        f"{INDENT}y[i] = ({c_type(x)})(part > {info.max} ? {info.max} : part);",
        "}",
    ]
    helpers = (DOUBLING_HIGH, SHIFT_RIGHT, LEADING_ZEROS, RECIPROCAL)
    return Kernel(over_rows(site, count, body), (table,), helpers, aliases=(0,))


def _int16(site: Site, count: int) -> Kernel:
    op, x = site.op, site.input(0)
    assert isinstance(op, Softmax)
    if count >= _MOST_INT16:
        raise refuse(site, f"over {count} elements", "reshape to shorter rows, or use float32")
    factor = op._int16_factor(x)
    exp, reciprocal = (t.astype(np.int16) for t in _tables())
    tables = (
        Constant(site.local("exp"), exp, comment="e to the power of -10 ... 0, Q15"),
        Constant(site.local("reciprocal"), reciprocal, comment="1 / (1 + x) for x from 0 to 1, Q15"),
    )
    body = [
        "int32_t most = x[0];",
        f"for (int32_t i = 1; i < {count}; ++i) {{",
        f"{INDENT}most = x[i] > most ? x[i] : most;",
        "}",
        "int32_t sum = 0;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t code = 32767 + limen_rescale(x[i] - most, {factor.mantissa}, {factor.shift});",
        f"{INDENT}y[i] = (int16_t)limen_look_up({tables[0].symbol}, code < -32768 ? -32768 : code);",
        f"{INDENT}sum += y[i];",
        "}",
        "const int32_t zeros = limen_leading_zeros(sum);",
        "const int32_t code = (int32_t)((((uint32_t)sum << (zeros - 1)) + 8192u) >> 14) - 98304;",
        f"const int32_t share = limen_look_up({tables[1].symbol}, code > 32767 ? 32767 : code);",
        "const int32_t shift = 31 - zeros;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t part = (y[i] * share + (1 << (shift - 1))) >> shift;",
        f"{INDENT}y[i] = (int16_t)(part > 32767 ? 32767 : part < 0 ? 0 : part);",
        "}",
    ]
    return Kernel(over_rows(site, count, body), tables, (RESCALE, LOOK_UP, LEADING_ZEROS), aliases=(0,))


EMIT = emit
