"""Softmax in C: exponentials of codes from a table of the Program's own values, gemmlowp's Q31 arithmetic."""

from __future__ import annotations

import numpy as np

from limen.ops._gemmlowp import exp_on_negative_values
from limen.ops._softmax import INPUT_BITS, Scaling
from limen.targets.c._kernel import Constant, Helper, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, whole_arguments
from limen.targets.c.ops._wconv import indented

MOST_CODES = 1 << 12  # the Program's sums in Q12.19 wrap from here on

DOUBLING_HIGH = Helper(
    "limen_doubling_high",
    """\
/* a * b / 2^31, halves up; never both INT32_MIN. */
static inline int32_t limen_doubling_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}
""",
)

SHIFT_RIGHT = Helper(
    "limen_shift_right",
    """\
/* x / 2^shift, halves away from zero; shift >= 1. */
static inline int64_t limen_shift_right(int64_t x, int32_t shift)
{
    return (x + (INT64_C(1) << (shift - 1)) - (x < 0 ? 1 : 0)) >> shift;
}
""",
)

SHIFT_LEFT = Helper(
    "limen_shift_left",
    """\
/* x * 2^shift, saturated. */
static inline int32_t limen_shift_left(int32_t x, int32_t shift)
{
    const int64_t wide = (int64_t)x * (INT64_C(1) << shift);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}
""",
)

LEADING_ZEROS = Helper(
    "limen_leading_zeros",
    """\
/* Leading zero bits of a positive number. */
static inline int32_t limen_leading_zeros(int32_t x)
{
    int32_t zeros = 0;

    while (x < 0x40000000) {
        x <<= 1;
        ++zeros;
    }
    return zeros + 1;
}
""",
)

RECIPROCAL = Helper(
    "limen_one_over_one_plus",
    """\
/* 1 / (1 + x) of x in [0, 1), both Q31: three steps of Newton and Raphson with two integer bits. */
static inline int32_t limen_one_over_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + (INT64_C(1) << 31)) >> 1);
    int32_t guess = 1515870810 + limen_doubling_high(half, -1010580540);

    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - limen_doubling_high(half, guess);
        guess += limen_shift_left(limen_doubling_high(guess, error), 2);
    }
    return limen_shift_left(guess, 1);
}
""",
    (DOUBLING_HIGH, SHIFT_LEFT),
)


def exponentials(site: Site, scale: Scaling) -> Constant:
    """exp of 0, -1, -2 ... codes from the maximum, in Q31; what lies beyond counts as nothing."""
    count = min(256, -scale.least + 1)
    values = exp_on_negative_values(scale(-np.arange(count, dtype=np.int64)), INPUT_BITS)
    return Constant(site.local("exp"), values.astype(np.int32), comment="e to the power of 0, -1, -2 ... codes, Q31")


def largest_and_sum(table: Constant, count: int) -> list[str]:
    """C lines: ``most``, the largest code of row x, and ``sum``, of the exponentials in Q12.19."""
    entries = table.data.size
    return [
        "int32_t most = x[0];",
        f"for (int32_t i = 1; i < {count}; ++i) {{",
        "    most = x[i] > most ? x[i] : most;",
        "}",
        "int32_t sum = 0;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        "    const int32_t below = most - x[i];",
        f"    sum += {_guarded(table, entries, '(int32_t)(((uint32_t)' + table.symbol + '[below] + 2048u) >> 12)')};",
        "}",
    ]


def _guarded(table: Constant, entries: int, value: str) -> str:
    """A table value, 0 beyond the table."""
    return value if entries == 256 else f"below < {entries} ? {value} : 0"


def entry(table: Constant) -> str:
    """C expression of the exponential at ``below``."""
    return _guarded(table, table.data.size, f"{table.symbol}[below]")


def over_rows(site: Site, count: int, body: list[str]) -> str:
    """The whole form: the body once for each row of ``count`` elements, x its input, y its output."""
    rows = site.input(0).size // count
    lines = [
        f"for (int32_t row = 0; row < {rows}; ++row) {{",
        f"{INDENT}const {c_type(site.input(0))} *x = x0 + row * {count};",
        f"{INDENT}{c_type(site.output())} *y = y0 + row * {count};",
        *indented(body),
        "}",
    ]
    return function(site.symbol, whole_arguments(site), lines)


def most_of_floats(count: int) -> list[str]:
    """C lines: ``most``, the largest float of row x; nan if one is."""
    return [
        "float most = x[0];",
        f"for (int32_t i = 1; i < {count}; ++i) {{",
        f"{INDENT}most = x[i] > most || x[i] != x[i] ? x[i] : most;",
        "}",
    ]
