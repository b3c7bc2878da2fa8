"""Division in C: of codes by a Newton-Raphson reciprocal, of plain integers, and remainders."""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.ops._e_value import DOUBLING_MULTIPLY_HIGH
from limen.targets.c.ops._math_bits import BITS, FROM_BITS

RECIPROCAL = Helper(
    "one_over_one_plus",
    """\
/* 2**31 / (1 + x / 2**31) for x >= 0, by three steps of Newton and Raphson. */
static inline int32_t one_over_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + INT64_C(0x80000000)) >> 1);
    /* 48 / 17 - 32 / 17 * half */
    int32_t guess = 1515870810 + doubling_multiply_high(half, -1010580540);

    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - doubling_multiply_high(half, guess);
        guess += doubling_multiply_high(guess, error) * 4;
    }
    return guess < 1 << 30 ? guess * 2 : INT32_MAX;
}
""",
    (DOUBLING_MULTIPLY_HIGH,),
)

DIVIDE_CODES = Helper(
    "divide_codes",
    """\
/* a / b * multiplier * 2**(shift - 31) in fixed point; 0 where b is 0. */
static inline int32_t divide_codes(int32_t a, int32_t b, int32_t multiplier, int32_t shift)
{
    int32_t exponent = 31 - shift;

    if (b == 0) {
        return 0;
    }
    if (b < 0) {
        a = -a;
        b = -b;
    }
    uint32_t divisor = (uint32_t)b;
    for (; divisor < 0x80000000u; divisor <<= 1) {
        exponent -= 1;
    }
    for (int32_t bits = 0; bits < 31 && a >= -(1 << 30) && a < 1 << 30; ++bits) {
        a *= 2;
        exponent += 1;
    }
    const int32_t reciprocal = one_over_one_plus((int32_t)(divisor - 0x80000000u));
    const int32_t quotient = doubling_multiply_high(a, reciprocal);
    const int32_t x = doubling_multiply_high(quotient, multiplier);
    const uint32_t power = exponent < 0 ? 1u : exponent > 31 ? 0u : 1u << exponent;
    const int32_t mask = (int32_t)(power - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> ((uint32_t)exponent & 31u)) + ((x & mask) > threshold);
}
""",
    (DOUBLING_MULTIPLY_HIGH, RECIPROCAL),
)

FLOOR_DIVIDE = {
    "int32": Helper(
        "floor_divide",
        """\
/* floor(a / b); 0 where b is 0, and the one quotient that overflows wraps. */
static inline int32_t floor_divide(int32_t a, int32_t b)
{
    if (b == 0) {
        return 0;
    }
    if (b == -1) {
        return (int32_t)(0u - (uint32_t)a);
    }
    const int32_t quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0));
}
""",
    ),
    "float32": Helper(
        "floor_divide_f32",
        """\
/* floor(a / b), with the quotient in double. */
static inline float floor_divide_f32(float a, float b)
{
    const double quotient = (double)a / (double)b;

    if (!(quotient > -4503599627370496.0 && quotient < 4503599627370496.0)) {
        return (float)quotient; /* whole, infinite or nan */
    }
    const double whole = (double)(int64_t)quotient;
    return (float)(whole > quotient ? whole - 1.0 : whole);
}
""",
    ),
}

TRUNCATING_DIVIDE = Helper(
    "divide",
    """\
/* a / b towards zero; 0 where b is 0, and the one quotient that overflows wraps. */
static inline int32_t divide(int32_t a, int32_t b)
{
    if (b == 0) {
        return 0;
    }
    return b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}
""",
)


def _floored_remainder(name: str, ctype: str) -> Helper:
    return Helper(
        name,
        f"""\
/* a - floor(a / b) * b, which has the sign of b; 0 where b is 0. */
static inline {ctype} {name}({ctype} a, {ctype} b)
{{
    if (b == 0 || b == -1) {{
        return 0;
    }}
    const {ctype} rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}}
""",
    )


REMAINDER_F32 = Helper(
    "remainder_f32",
    """\
/* a - trunc(a / b) * b, exactly, by long division; nan where b is 0 or a is infinite. */
static inline float remainder_f32(float a, float b)
{
    const uint32_t sign = float_bits(a) & 0x80000000u;
    const uint32_t bits_a = float_bits(a) & 0x7fffffffu, bits_b = float_bits(b) & 0x7fffffffu;
    int32_t exponent = (int32_t)(bits_a >> 23);
    int32_t last = (int32_t)(bits_b >> 23);
    uint32_t rest = bits_a & 0x007fffffu;
    uint32_t divisor = bits_b & 0x007fffffu;

    if (bits_b == 0 || bits_a >= 0x7f800000u || bits_b > 0x7f800000u) {
        return float_from_bits(0x7fc00000u);
    }
    if (bits_a < bits_b) {
        return a;
    }
    if (exponent == 0) {
        exponent = 1;
    } else {
        rest |= 0x00800000u;
    }
    if (last == 0) {
        last = 1;
    } else {
        divisor |= 0x00800000u;
    }
    for (; exponent > last; --exponent) {
        rest = (rest >= divisor ? rest - divisor : rest) << 1;
    }
    rest = rest >= divisor ? rest - divisor : rest;
    if (rest == 0) {
        return float_from_bits(sign);
    }
    for (; rest < 0x00800000u && exponent > 1; --exponent) {
        rest <<= 1;
    }
    if (rest >= 0x00800000u) {
        rest += (uint32_t)(exponent - 1) << 23;
    }
    return float_from_bits(sign | rest);
}
""",
    (BITS, FROM_BITS),
)

FLOOR_MOD = {
    "int32": _floored_remainder("floor_mod", "int32_t"),
    "int64": _floored_remainder("floor_mod_int64", "int64_t"),
    "float32": Helper(
        "floor_mod_f32",
        """\
/* a - floor(a / b) * b, which has the sign of b. */
static inline float floor_mod_f32(float a, float b)
{
    const float rest = remainder_f32(a, b);

    return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}
""",
        (REMAINDER_F32,),
    ),
}
