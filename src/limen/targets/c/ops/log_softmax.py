"""LogSoftmax in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._softmax import scaling
from limen.ops.log_softmax import _reverse
from limen.targets.c._kernel import Constant, Helper, Kernel, Site, c_type, refuse
from limen.targets.c.ops._e_text import INDENT
from limen.targets.c.ops._math import EXP, LOG
from limen.targets.c.ops._requantize import RESCALE
from limen.targets.c.ops._wsoftmax import (
    DOUBLING_HIGH,
    LEADING_ZEROS,
    MOST_CODES,
    RECIPROCAL,
    SHIFT_LEFT,
    SHIFT_RIGHT,
    exponentials,
    largest_and_sum,
    most_of_floats,
    over_rows,
)

LOG_OF_SUM = Helper(
    "limen_log_of_sum",
    """\
/* log(x) of x >= 1 with 12 integer bits, in 5 integer bits: x is scaled next to sqrt(sqrt(1/2)) in two ways, of which
 * the smaller goes through a rational function. */
static inline int32_t limen_log_of_sum(int32_t x)
{
    const int32_t quarter = 1 << 23;
    const int32_t zeros = limen_leading_zeros(x);
    const int32_t scaled = limen_doubling_high(limen_shift_left(x, zeros - 1), 1518500250);
    const int32_t first = limen_shift_left(scaled, 1);
    const int32_t first_power = limen_shift_left(12 - zeros, 25) + quarter;
    const int32_t headroom = limen_leading_zeros(limen_doubling_high(x, 1518500250)) - 1;
    const int32_t second = limen_shift_left(x, headroom);
    const int32_t second_power = limen_shift_left(12 - headroom, 25) - quarter;
    const int32_t r = first < second ? first : second;
    const int32_t power = first_power > second_power ? first_power : second_power;
    const int32_t half_sum = (int32_t)(((int64_t)r + 1805811301 + 1) >> 1);
    const int32_t q = (int32_t)((uint32_t)(r - 1805811301) << 1);
    const int32_t square = limen_doubling_high(q, q);
    const int32_t cube = limen_doubling_high(limen_doubling_high(q, square), 117049297);
    const int32_t numerator = limen_doubling_high(q, r) + cube;
    const int32_t terms = 1057819769 + q + limen_doubling_high(square, 127690142);
    const int32_t denominator = limen_doubling_high(half_sum, terms) + limen_doubling_high(q, 638450708);
    const int32_t reciprocal = limen_one_over_one_plus(denominator);
    const int32_t fraction = limen_doubling_high((int32_t)limen_shift_right(numerator, 6), reciprocal);
    return limen_shift_left(limen_doubling_high(power, 1488522236) + fraction, 1);
}
""",
    (DOUBLING_HIGH, SHIFT_LEFT, SHIFT_RIGHT, LEADING_ZEROS, RECIPROCAL),
)


def emit(site: Site) -> Kernel:
    """float32, int8, uint8; over the last axis."""
    x = site.input(0)
    count = x.shape[-1]
    if x.dtype == "float32":
        return Kernel(over_rows(site, count, _float(count)), helpers=(EXP, LOG), aliases=(0,))
    if count >= MOST_CODES:
        raise refuse(site, f"over {count} elements", "reshape to rows below 4096, or use float32")
    return _codes(site, count)


def _float(count: int) -> list[str]:
    return [
        *most_of_floats(count),
        "float sum = 0.0f;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}y[i] = x[i] - most;",
        f"{INDENT}sum += exp_f32(y[i]);",
        "}",
        "const float log_of_sum = log_f32(sum);",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}y[i] -= log_of_sum;",
        "}",
    ]


def _codes(site: Site, count: int) -> Kernel:
    x = site.input(0)
    scale = scaling(1.0, x.scale)
    back = _reverse(scale)
    table = exponentials(site, scale)
    entries = table.data.size
    differences = scale(-np.arange(entries, dtype=np.int64)).astype(np.int32)
    exponents = Constant(site.local("exponent"), differences, comment="0, -1, -2 ... codes with 5 integer bits")
    info = np.iinfo(x.dtype)
    kind = c_type(x)
    reverse = f"limen_rescale(log_of_sum + INT32_MIN, {int(back.mantissa)}, {int(back.shift)})"
    body = [
        *largest_and_sum(table, count),
        "const int32_t log_of_sum = limen_log_of_sum(sum);",
        f"int32_t least = {reverse};",
        f"least = least < {scale.least - 1} ? {scale.least - 1} : least;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t below = most - x[i];",
        f"{INDENT}int64_t code = {info.min};",
        f"{INDENT}if (-below > least && below < {entries}) {{",
        f"{INDENT * 2}const int64_t log = (int64_t){exponents.symbol}[below] - log_of_sum;",
        f"{INDENT * 2}code = limen_shift_right(log, 22) + {info.max};",
        f"{INDENT}}}",
        f"{INDENT}y[i] = ({kind})(code < {info.min} ? {info.min} : code > {info.max} ? {info.max} : code);",
        "}",
    ]
    helpers = (LOG_OF_SUM, SHIFT_RIGHT, RESCALE)
    return Kernel(over_rows(site, count, body), (table, exponents), helpers, aliases=(0,))


EMIT = emit
