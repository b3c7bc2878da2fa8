"""Elementary functions of float32 in C without libm: shared functions that the emitters of float operators call.

Errors over all of float32, in units in the last place: 1.0 for exp, log and expm1, 2.2 for tanh, 3.1 for erfc, 0.6 for
sin, cos and pow; the square root and the rounding functions are exact. Infinities and nan go as in C's functions. exp,
log, expm1, tanh and erfc work in float32 alone, so they are quick on an FPU of single precision; sin, cos and pow
reduce and sum in double.

Sources: Sun's fdlibm (1993) for log, expm1, tanh and erfc, whose coefficients are those of ``limen.ops._libm``;
Moshier's Cephes (1989) for the polynomial of exp.
"""

from __future__ import annotations

import numpy as np

from limen.ops import _libm
from limen.targets.c._kernel import Helper
from limen.targets.c.ops._math_bits import BITS, CEIL, FLOOR, FROM_BITS, ROUND_AWAY, ROUND_EVEN, TRUNC
from limen.targets.c.ops._math_double import COS, POW, SIN

__all__ = [
    "BITS", "CEIL", "COS", "ERFC", "EXP", "EXPM1", "FLOOR", "FROM_BITS", "LOG", "POW", "POWER_OF_TWO", "ROUND_AWAY",
    "ROUND_EVEN", "SIN", "SQRT", "TANH", "TRUNC",
]  # fmt: skip


def _c(value: float | np.float32) -> str:
    """A literal of nine digits, which is enough to name a float."""
    text = f"{value:.9g}"
    return f"{text}f" if set(text) & set(".e") else f"{text}.0f"


def _horner(coefficients: str, variable: str) -> str:
    """A polynomial as nested products, from the lowest power up."""
    first, *rest = [_c(np.float32(c)) for c in reversed(coefficients.split())]
    text = first
    for left, coefficient in zip(range(len(rest), 0, -1), rest, strict=True):
        line_break = "\n" + " " * 12 if left % 3 == 0 else " "
        text = f"{coefficient}{line_break}+ {variable} * ({text})"
    return text


POWER_OF_TWO = Helper(
    "scale_by_power",
    """\
/* x * 2**k for -280 < k < 250: in two steps, so that neither factor leaves the range of float. */
static inline float scale_by_power(float x, int32_t k)
{
    int32_t half = k / 2;

    float first = float_from_bits((uint32_t)(half + 127) << 23);

    return x * first * float_from_bits((uint32_t)(k - half + 127) << 23);
}
""",
    (FROM_BITS,),
)

EXP = Helper(
    "exp_f32",
    """\
/* e**x = 2**k * e**r with |r| <= ln(2) / 2. */
static inline float exp_f32(float x)
{
    if (!(x < 89.0f)) {
        return x * 3.0e38f; /* infinity, or nan */
    }
    if (x < -104.0f) {
        return 0.0f;
    }
    int32_t k = (int32_t)(x * 1.44269504f + (x < 0.0f ? -0.5f : 0.5f));
    float r = (x - (float)k * 0.693359375f) + (float)k * 2.12194440e-4f;
    float p = 1.3981999507e-3f + r * 1.9875691500e-4f;
    p = 4.1665795894e-2f + r * (8.3334519073e-3f + r * p);
    p = 5.0000001201e-1f + r * (1.6666665459e-1f + r * p);
    return scale_by_power(1.0f + (r + r * r * p), k);
}
""",
    (POWER_OF_TWO,),
)

LOG = Helper(
    "log_f32",
    """\
/* log(2**k * (1 + f)) with sqrt(1/2) <= 1 + f < sqrt(2), by s = f / (2 + f). */
static inline float log_f32(float x)
{
    int32_t k = -127;

    if (!(x > 0.0f) || x > 3.4028235e38f) {
        if (x == 0.0f) {
            return float_from_bits(0xff800000u);
        }
        return x > 0.0f ? x : float_from_bits(0x7fc00000u); /* infinity stays, the rest is nan */
    }
    if (x < 1.17549435e-38f) {
        x *= 33554432.0f; /* a subnormal number, times 2**25 */
        k -= 25;
    }
    uint32_t bits = float_bits(x) + (0x3f800000u - 0x3f3504f3u);
    k += (int32_t)(bits >> 23);
    float f = float_from_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float s = f / (2.0f + f);
    float z = s * s;
    float w = z * z;
    float r = z * (0.66666662693f + w * 0.28498786688f) + w * (0.40000972152f + w * 0.24279078841f);
    float half = 0.5f * f * f;
    float n = (float)k;
    return s * (half + r) + n * 9.0580006145e-06f - half + f + n * 6.9313812256e-01f;
}
""",
    (BITS, FROM_BITS),
)

_EXPM1 = """\
/* e**x - 1, which keeps its digits near 0: a rational form of (e**r - 1) / r, |r| <= ln(2) / 2. */
static inline float expm1_f32(float x)
{
    float size = x < 0.0f ? -x : x;
    float correction = 0.0f;
    int32_t k = 0;

    if (!(x < 89.0f)) {
        return x * 3.0e38f; /* infinity, or nan */
    }
    if (x < -18.0f) {
        return -1.0f;
    }
    if (size < 2.9802322e-08f) {
        return x;
    }
    if (size > 0.34657359f) {
        k = (int32_t)(x * 1.44269504f + (x < 0.0f ? -0.5f : 0.5f));
        float high = x - (float)k * @HI@;
        float low = (float)k * @LO@;
        x = high - low;
        correction = (high - x) - low;
    }
    float half = 0.5f * x;
    float square = x * half;
    float r = 1.0f + square
        * (@Q@);
    float t = 3.0f - r * half;
    float e = square * ((r - t) / (6.0f - x * t));
    if (k == 0) {
        return x - (x * e - square);
    }
    e = x * (e - correction) - correction - square;
    if (k == -1) {
        return 0.5f * (x - e) - 0.5f;
    }
    if (k == 1) {
        return x < -0.25f ? -2.0f * (e - (x + 0.5f)) : 1.0f + 2.0f * (x - e);
    }
    if (k <= -2 || k > 56) {
        return scale_by_power(1.0f - (e - x), k) - 1.0f;
    }
    float inverse = scale_by_power(1.0f, -k);
    return scale_by_power(k < 23 ? (1.0f - inverse) - (e - x) : (x - (e + inverse)) + 1.0f, k);
}
"""

EXPM1 = Helper(
    "expm1_f32",
    _EXPM1.replace("@HI@", _c(_libm._LN2_HI))
    .replace("@LO@", _c(_libm._LN2_LO))
    .replace("@Q@", _horner(" ".join(repr(float(q)) for q in _libm._Q), "square")),
    (POWER_OF_TWO,),
)

TANH = Helper(
    "tanh_f32",
    """\
/* tanh(x) by expm1 of 2 |x| or of -2 |x|, whichever loses no digits. */
static inline float tanh_f32(float x)
{
    float size = x < 0.0f ? -x : x;
    float result;

    if (size >= 22.0f) {
        result = 1.0f;
    } else if (size >= 1.0f) {
        result = 1.0f - 2.0f / (expm1_f32(2.0f * size) + 2.0f);
    } else if (size > 0.0f) {
        float t = expm1_f32(-2.0f * size);
        result = -t / (t + 2.0f);
    } else {
        return x; /* either zero, or nan */
    }
    return x < 0.0f ? -result : result;
}
""",
    (EXPM1,),
)

_ERFC = """\
/* 1 - erf(x): fdlibm's rational functions on four intervals. */
static inline float erfc_f32(float x)
{
    float size = x < 0.0f ? -x : x;

    if (x != x) {
        return x;
    }
    if (size < 0.84375f) {
        float z = x * x;
        float ratio = (@NEAR_0@)
            / (@NEAR_1@);
        return x < 0.25f ? 1.0f - (x + x * ratio) : 0.5f - (x * ratio + (x - 0.5f));
    }
    if (size < 1.25f) {
        float z = size - 1.0f;
        float ratio = (@AROUND_0@)
            / (@AROUND_1@);
        return x < 0.0f ? 1.0f + (@ONE@ + ratio) : (1.0f - @ONE@) - ratio;
    }
    if (size >= 28.0f || x < -6.0f) {
        return x > 0.0f ? 0.0f : 2.0f;
    }
    float z = 1.0f / (size * size);
    float ratio;
    if (size < 2.857142448f) {
        ratio = (@MIDDLE_0@)
            / (@MIDDLE_1@);
    } else {
        ratio = (@FAR_0@)
            / (@FAR_1@);
    }
    float head = float_from_bits(float_bits(size) & 0xffffe000u); /* head * head is exact */
    float tail = exp_f32(-head * head - 0.5625f);
    tail *= exp_f32((head - size) * (head + size) + ratio) / size;
    return x > 0.0f ? tail : 2.0f - tail;
}
"""


def _erfc() -> str:
    text = _ERFC.replace("@ONE@", _c(_libm._ERF_OF_ONE))
    intervals = {
        "NEAR": _libm._ERFC_NEAR,
        "AROUND": _libm._ERFC_AROUND_ONE,
        "MIDDLE": _libm._ERFC_MIDDLE,
        "FAR": _libm._ERFC_FAR,
    }
    for name, pair in intervals.items():
        for index, coefficients in enumerate(pair):
            text = text.replace(f"@{name}_{index}@", _horner(coefficients, "z"))
    return text


ERFC = Helper("erfc_f32", _erfc(), (BITS, FROM_BITS, EXP))

SQRT = Helper(
    "sqrt_f32",
    """\
/* Square root, correctly rounded: one bit of the 25 at a time. */
static inline float sqrt_f32(float x)
{
    int32_t exponent;
    uint32_t rest, root = 0, bit = 1u << 24;

    if (!(x > 0.0f) || x > 3.4028235e38f) {
        return x < 0.0f ? float_from_bits(0x7fc00000u) : x;
    }
    uint32_t bits = float_bits(x);
    if (bits < 0x00800000u) {
        bits = float_bits(x * 16777216.0f); /* a subnormal number, times 2**24 */
        exponent = (int32_t)(bits >> 23) - 24 - 127;
    } else {
        exponent = (int32_t)(bits >> 23) - 127;
    }
    rest = (bits & 0x007fffffu) | 0x00800000u;
    rest <<= 1 + (exponent & 1);
    exponent = (exponent - (exponent & 1)) / 2;
    for (uint32_t sum = 0; bit != 0; bit >>= 1) {
        uint32_t trial = sum + bit;
        if (rest >= trial) {
            sum = trial + bit;
            rest -= trial;
            root += bit;
        }
        rest <<= 1;
    }
    root += rest != 0 ? root & 1 : 0; /* no root of a float lies halfway between two floats */
    return float_from_bits((root >> 1) + ((uint32_t)(exponent + 126) << 23));
}
""",
    (BITS, FROM_BITS),
)
