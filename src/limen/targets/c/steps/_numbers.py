"""Small functions of numbers that several steps call."""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.ops._math import EXP
from limen.targets.c.ops._math_bits import BITS, FROM_BITS

ROUND = Helper(
    "round_within",
    """\
/* x rounded half to even, between two whole numbers; nan gives the lower one. */
static inline int32_t round_within(float x, int32_t low, int32_t high)
{
    if (!(x > (float)low)) {
        return low;
    }
    if (x >= (float)high) {
        return high;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    if (rest > 0.5f || (rest == 0.5f && (whole & 1) != 0)) {
        return whole + 1;
    }
    return rest < -0.5f || (rest == -0.5f && (whole & 1) != 0) ? whole - 1 : whole;
}
""",
)

SQUASH = Helper(
    "sigmoid_f32",
    """\
/* 1 / (1 + e**-x), by whichever exponential is small. */
static inline float sigmoid_f32(float x)
{
    float small = exp_f32(x < 0.0f ? x : -x);

    return x < 0.0f ? small / (1.0f + small) : 1.0f / (1.0f + small);
}
""",
    (EXP,),
)

ROOT = Helper(
    "root_f32",
    """\
/* Square root of a number that is not negative, to one unit in the last place: Newton's method on 1 / sqrt(x). */
static inline float root_f32(float x)
{
    float half = 0.5f * x;
    float y = float_from_bits(0x5f375a86u - (float_bits(x) >> 1));

    y = y * (1.5f - half * y * y);
    y = y * (1.5f - half * y * y);
    y = y * (1.5f - half * y * y);
    float root = x * y;
    return root + 0.5f * y * (x - root * root);
}
""",
    (BITS, FROM_BITS),
)

BITS_32 = Helper(
    "bit_length_u32",
    """\
/* Bits up to the most significant one; 0 for 0. */
static inline int32_t bit_length_u32(uint32_t x)
{
    int32_t bits = 0;

    for (int32_t step = 16; step != 0; step >>= 1) {
        if (x >> step != 0) {
            x >>= step;
            bits += step;
        }
    }
    return bits + (int32_t)x;
}
""",
)
