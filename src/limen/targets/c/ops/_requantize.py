"""Fixed-point rescaling in C, to the bit what ``limen.ops._fixed_point`` computes."""

from __future__ import annotations

from limen.targets.c._kernel import Helper

RESCALE = Helper(
    "limen_rescale",
    """\
/* acc * multiplier * 2^(shift - 31): a saturating rounding doubling high multiply, halves up, then a rounding
 * division by 2^-shift, halves away from zero (gemmlowp's two roundings). A positive shift comes first. */
static inline int32_t limen_rescale(int32_t acc, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int64_t product = (int64_t)(int32_t)((uint32_t)acc << left) * multiplier;
    const int32_t high = (int32_t)((product + (INT64_C(1) << 30)) >> 31);
    const int32_t half = (int32_t)((UINT32_C(1) << right) >> 1);
    return (high + half - (high < 0 && half > 0 ? 1 : 0)) >> right;
}
""",
)

CLAMP = Helper(
    "limen_clamp",
    """\
/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}
""",
)
