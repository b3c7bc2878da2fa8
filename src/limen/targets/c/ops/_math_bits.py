"""The bits of a float32, and rounding to whole numbers, in C without libm."""

from __future__ import annotations

from limen.targets.c._kernel import Helper

BITS = Helper(
    "float_bits",
    """\
/* The bits of a float. */
static inline uint32_t float_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}
""",
)

FROM_BITS = Helper(
    "float_from_bits",
    """\
/* The float of these bits. */
static inline float float_from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}
""",
)

TRUNC = Helper(
    "trunc_f32",
    """\
/* Towards zero; keeps the sign of zero. */
static inline float trunc_f32(float x)
{
    uint32_t bits = float_bits(x);
    uint32_t exponent = (bits >> 23) & 0xffu;

    if (exponent >= 127 + 23) {
        return x; /* whole, infinite or nan */
    }
    if (exponent < 127) {
        return float_from_bits(bits & 0x80000000u);
    }
    return float_from_bits(bits & ~(0x007fffffu >> (exponent - 127)));
}
""",
    (BITS, FROM_BITS),
)

FLOOR = Helper(
    "floor_f32",
    """\
/* Downwards. */
static inline float floor_f32(float x)
{
    float whole = trunc_f32(x);

    return whole > x ? whole - 1.0f : whole;
}
""",
    (TRUNC,),
)

CEIL = Helper(
    "ceil_f32",
    """\
/* Upwards; -0.5 becomes -0. */
static inline float ceil_f32(float x)
{
    return -floor_f32(-x);
}
""",
    (FLOOR,),
)

ROUND_AWAY = Helper(
    "round_f32",
    """\
/* To the nearest whole number, halves away from zero. */
static inline float round_f32(float x)
{
    float whole = trunc_f32(x);
    float rest = x - whole;

    if (rest >= 0.5f) {
        return whole + 1.0f;
    }
    return rest <= -0.5f ? whole - 1.0f : whole;
}
""",
    (TRUNC,),
)

ROUND_EVEN = Helper(
    "rint_f32",
    """\
/* To the nearest whole number, halves to the even one. */
static inline float rint_f32(float x)
{
    float whole = trunc_f32(x);
    float rest = x < 0.0f ? whole - x : x - whole;
    float step = x < 0.0f ? -1.0f : 1.0f;

    if (rest > 0.5f) {
        return whole + step;
    }
    return rest == 0.5f && trunc_f32(0.5f * whole) * 2.0f != whole ? whole + step : whole;
}
""",
    (TRUNC,),
)
