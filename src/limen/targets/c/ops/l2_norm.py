"""L2Norm in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Helper, Kernel, Site, c_type
from limen.targets.c.ops._e_text import INDENT
from limen.targets.c.ops._math import SQRT
from limen.targets.c.ops._requantize import CLAMP, RESCALE
from limen.targets.c.ops._wsoftmax import DOUBLING_HIGH, LEADING_ZEROS, SHIFT_LEFT, SHIFT_RIGHT, over_rows

INVERSE_ROOT = Helper(
    "limen_inverse_root",
    """\
/* 1 / sqrt(x) as a Q31 mantissa, and how far to shift it right; 0 counts as 1. Newton's method. */
static inline int32_t limen_inverse_root(int32_t x, int32_t *right)
{
    if (x <= 1) {
        *right = 0;
        return INT32_MAX;
    }
    *right = 11;
    while (x >= 1 << 29) {
        x /= 4;
        ++*right;
    }
    const int32_t pairs = (limen_leading_zeros(x) - 1) / 2 - 1;
    *right -= pairs;
    const int32_t half = (int32_t)limen_shift_right((x << (2 * pairs)) >> 1, 1);
    int32_t y = 1 << 28;
    for (int32_t i = 0; i < 5; ++i) {
        const int32_t cube = limen_shift_left(limen_doubling_high(limen_doubling_high(y, y), y), 6);
        const int32_t less = limen_doubling_high(half, cube);
        y = limen_shift_left(limen_doubling_high(y, (1 << 28) + (1 << 27)) - less, 3);
    }
    y = limen_doubling_high(y, 1518500250);
    if (*right < 0) {
        y <<= -*right;
        *right = 0;
    }
    return y;
}
""",
    (DOUBLING_HIGH, SHIFT_LEFT, SHIFT_RIGHT, LEADING_ZEROS),
)


def emit(site: Site) -> Kernel:
    """float32, int8, uint8; over the last axis."""
    x, output = site.input(0), site.output()
    count = x.shape[-1]
    if x.dtype == "float32":
        return Kernel(over_rows(site, count, _float(count)), helpers=(SQRT,), aliases=(0,))
    centred = "x[i]" if x.zero_point == 0 else f"(x[i] - {x.zero_point})".replace("- -", "+ ")
    scaled = f"128 * {centred}, root, -right" if x.dtype == "uint8" else f"{centred}, root, 7 - right"
    low, high = (0, 255) if x.dtype == "uint8" else (-128, 127)
    zero = f" + {output.zero_point}" if output.zero_point else ""
    body = [
        "uint32_t sum = 0;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t v = {centred};",
        f"{INDENT}sum += (uint32_t)(v * v);",
        "}",
        "int32_t right;",
        "const int32_t root = limen_inverse_root((int32_t)sum, &right);",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}const int32_t code = limen_rescale({scaled}){zero};",
        f"{INDENT}y[i] = ({c_type(x)})limen_clamp(code, {low}, {high});",
        "}",
    ]
    return Kernel(over_rows(site, count, body), helpers=(INVERSE_ROOT, RESCALE, CLAMP), aliases=(0,))


def _float(count: int) -> list[str]:
    return [
        "float sum = 0.0f;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}sum += x[i] * x[i];",
        "}",
        "float norm = sqrt_f32(sum);",
        "norm = norm < 1e-6f ? 1e-6f : norm;",
        f"for (int32_t i = 0; i < {count}; ++i) {{",
        f"{INDENT}y[i] = x[i] / norm;",
        "}",
    ]


EMIT = emit
