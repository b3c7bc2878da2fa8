"""sin, cos and pow of float32 in C without libm; they reduce and sum in double. See ``_math``.

Source of the reduction of large angles: Payne and Hanek (1983), "Radian reduction for trigonometric functions".
"""

from __future__ import annotations

import math

from limen.targets.c._kernel import Helper
from limen.targets.c.ops._math_bits import BITS, FROM_BITS, TRUNC


def _two_over_pi(bits: int) -> int:
    """floor(2 / pi * 2**bits), by Machin's formula for pi."""
    one = 1 << (bits + 32)

    def arctan_of_inverse(n: int) -> int:
        term = total = one // n
        k = 1
        while term:
            term //= -n * n
            k += 2
            total += term // k
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    return (2 * one << bits) // pi


def _reduction_words() -> str:
    """2 / pi after two zero bits, in words of 32 bits: enough for the largest float."""
    value = _two_over_pi(8 * 32 - 2)
    return ", ".join(f"0x{(value >> (32 * (7 - i))) & 0xFFFFFFFF:08x}u" for i in range(8))


REDUCE_ANGLE = Helper(
    "reduce_angle",
    """\
/* The rest of a finite angle after whole quarters of a turn, and how many (modulo 4). */
static inline double reduce_angle(float x, int32_t *quarters)
{
    static const uint32_t two_over_pi[8] = {
        @WORDS@};
    float size = x < 0.0f ? -x : x;
    double rest;

    if (size < 8388608.0f) {
        int32_t n = (int32_t)((double)size * 0.63661977236758134 + 0.5);
        rest = ((double)size - (double)n * @HIGH@) - (double)n * @LOW@;
        *quarters = n & 3;
    } else {
        /* 96 bits of 2 / pi from where the product's multiples of 4 begin: 2 before the point, 94 behind. */
        uint32_t bits = float_bits(size);
        uint32_t shift = (bits >> 23) - 127 - 23;
        uint64_t mantissa = (bits & 0x007fffffu) | 0x00800000u;
        const uint32_t *word = two_over_pi + shift / 32;
        uint64_t window[3];
        for (int32_t i = 0; i < 3; i++) {
            uint64_t pair = ((uint64_t)word[i] << 32) | word[i + 1];
            window[i] = (pair >> (32 - shift % 32)) & 0xffffffffu;
        }
        uint64_t product = (mantissa * window[0] << 32) + mantissa * window[1] + (mantissa * window[2] >> 32);
        uint64_t n = (product + (UINT64_C(1) << 61)) >> 62;
        rest = (double)(int64_t)(product - (n << 62)) * @UNIT@;
        *quarters = (int32_t)(n & 3);
    }
    if (x < 0.0f) {
        *quarters = -*quarters & 3;
        return -rest;
    }
    return rest;
}
""".replace("@WORDS@", _reduction_words().replace(", ", ",\n        ", 4).replace(",\n        ", ", ", 3))
    .replace("@HIGH@", float.fromhex("0x1.921fb544p0").hex())
    .replace("@LOW@", float.fromhex("0x1.0b4611a626331p-34").hex())
    .replace("@UNIT@", (math.pi / 2 * 2.0**-62).hex()),
    (BITS,),
)

SINE_OF_QUARTER = Helper(
    "sine_of_quarter",
    """\
/* sin(y + quarters * pi / 2) for |y| <= pi / 4. */
static inline float sine_of_quarter(double y, int32_t quarters)
{
    double z = y * y;
    double result;

    if ((quarters & 1) != 0) {
        result = 1.0 + z * (-0.499999997251031003120 + z * (0.0416666233237390631894
            + z * (-0.00138867637746099294692 + z * 0.0000243904487862774090654)));
    } else {
        result = y + y * z * (-0.166666666416265235595 + z * (0.0083333293858894631756
            + z * (-0.000198393348360966317347 + z * 0.0000027183114939898219064)));
    }
    return (float)((quarters & 2) != 0 ? -result : result);
}
""",
)


def _turning(name: str, comment: str, start: int) -> Helper:
    zero = "" if start else "    if (x == 0.0f) {\n        return x; /* keeps the sign */\n    }\n"
    return Helper(
        name,
        f"""\
/* {comment}; nan of infinities. */
static inline float {name}(float x)
{{
    int32_t quarters;

    if ((float_bits(x) & 0x7f800000u) == 0x7f800000u) {{
        return x - x;
    }}
{zero}    double rest = reduce_angle(x, &quarters);
    return sine_of_quarter(rest, quarters{" + 1" if start else ""});
}}
""",
        (BITS, REDUCE_ANGLE, SINE_OF_QUARTER),
    )


SIN = _turning("sin_f32", "Sine of an angle in radians", 0)
COS = _turning("cos_f32", "Cosine of an angle in radians", 1)

_POW = """\
/* x**y for 0 < x < infinity and finite y != 0, in double: 2**(y * log2(x)). */
static inline float positive_power(float x, float y)
{
    int32_t k = -127;

    if (x < 1.17549435e-38f) {
        x *= 33554432.0f; /* a subnormal number, times 2**25 */
        k -= 25;
    }
    uint32_t bits = float_bits(x) + (0x3f800000u - 0x3f3504f3u);
    k += (int32_t)(bits >> 23);
    double f = (double)float_from_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
    double s = f / (2.0 + f);
    double z = s * s;
    double series = @ATANH@;
    double exponent = (double)y * ((double)k + s * series);
    if (exponent >= 129.0) {
        return 3.0e38f * 3.0e38f;
    }
    if (exponent < -151.0) {
        return 0.0f;
    }
    int32_t whole = (int32_t)(exponent + (exponent < 0.0 ? -0.5 : 0.5));
    double r = exponent - (double)whole;
    double power = @EXP2@;
    uint64_t scale = (uint64_t)(int64_t)(whole + 1023) << 52;
    double factor;
    memcpy(&factor, &scale, sizeof factor);
    return (float)(power * factor);
}
"""


def _double_horner(coefficients: list[float], variable: str) -> str:
    *rest, last = coefficients
    text = repr(last)
    for left, coefficient in zip(range(len(rest), 0, -1), reversed(rest), strict=True):
        line_break = "\n" + " " * 8 if left % 3 == 0 else " "
        text = f"{coefficient!r}{line_break}+ {variable} * ({text})"
    return text


_ATANH = [2.0 / math.log(2.0) / (2 * i + 1) for i in range(9)]  # 2 atanh(s) / ln(2), |s| < 0.172
_EXP2 = [math.log(2.0) ** i / math.factorial(i) for i in range(10)]  # |r| <= 1/2

POSITIVE_POWER = Helper(
    "positive_power",
    _POW.replace("@ATANH@", _double_horner(_ATANH, "z")).replace("@EXP2@", _double_horner(_EXP2, "r")),
    (BITS, FROM_BITS),
)

POW = Helper(
    "pow_f32",
    """\
/* x**y with the special cases of IEC 60559. */
static inline float pow_f32(float x, float y)
{
    float size = x < 0.0f ? -x : x;
    float far = y < 0.0f ? -y : y;
    int whole = far >= 8388608.0f || trunc_f32(y) == y;
    int odd = whole && far < 16777216.0f && trunc_f32(0.5f * y) * 2.0f != y;
    float result;

    if (y == 0.0f || x == 1.0f) {
        return 1.0f;
    }
    if (x != x || y != y) {
        return x + y;
    }
    if (far > 3.4028235e38f) {
        if (size == 1.0f) {
            return 1.0f;
        }
        return (size > 1.0f) == (y > 0.0f) ? far : 0.0f;
    }
    if (size == 0.0f || size > 3.4028235e38f) {
        result = (size == 0.0f) == (y > 0.0f) ? 0.0f : float_from_bits(0x7f800000u);
    } else {
        if (x < 0.0f && !whole) {
            return float_from_bits(0x7fc00000u);
        }
        result = positive_power(size, y);
    }
    return odd && (float_bits(x) >> 31) != 0 ? -result : result;
}
""",
    (BITS, FROM_BITS, TRUNC, POSITIVE_POWER),
)
