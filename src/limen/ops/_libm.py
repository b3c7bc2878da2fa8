"""Single-precision exp, log, expm1, tanh and erfc as C libraries compute them, on arrays, to the bit.

Lookup tables of quantised activations are filled with the C library's float functions. expm1, tanh and erfc follow
fdlibm (Sun Microsystems, 1993), which is in glibc up to 2.40, newlib and bionic; exp and log follow Arm's optimized
routines (tables of 32 powers of two and of 16 reciprocals, and cubics, in double), which the same libraries have. So
the tables agree with LiteRT's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limen.program import Array

Float32 = NDArray[np.float32]
_F = np.float32
_HALF_LN2, _ONE_AND_HALF_LN2, _27_LN2 = (_F(float.fromhex(h)) for h in ("0x1.62e43p-2", "0x1.0a2b24p0", "0x1.2b7088p4"))
_LN2_HI, _LN2_LO, _INV_LN2 = _F(6.9313812256e-01), _F(9.0580006145e-06), _F(1.4426950216e00)
_Q = tuple(_F(q) for q in (-3.3333335072e-02, 1.5873016091e-03, -7.9365076090e-05, 4.0082177293e-06, -2.0109921195e-07))

# Numerators and denominators of erfc on |x| < 0.84375, < 1.25, < 1 / 0.35 and beyond, from the lowest power up.
_ERFC_NEAR = (
    """1.28379167095512558561e-1 -3.25042107247001499370e-1 -2.84817495755985104766e-2 -5.77027029648944159157e-3
    -2.37630166566501626084e-5""",
    """1 3.97917223959155352819e-1 6.50222499887672944485e-2 5.08130628187576562776e-3 1.32494738004321644526e-4
    -3.96022827877536812320e-6""",
)
_ERFC_AROUND_ONE = (
    """-2.36211856075265944077e-3 4.14856118683748331666e-1 -3.72207876035701323847e-1 3.18346619901161753674e-1
    -1.10894694282396677476e-1 3.54783043256182359371e-2 -2.16637559486879084300e-3""",
    """1 1.06420880400844228286e-1 5.40397917702171048937e-1 7.18286544141962662868e-2 1.26171219808761642112e-1
    1.36370839120290507362e-2 1.19844998467991074170e-2""",
)
_ERFC_MIDDLE = (
    """-9.86494403484714822705e-3 -6.93858572707181764372e-1 -1.05586262253232909814e1 -6.23753324503260060396e1
    -1.62396669462573470355e2 -1.84605092906711035994e2 -8.12874355063065934246e1 -9.81432934416914548592""",
    """1 1.96512716674392571292e1 1.37657754143519042600e2 4.34565877475229228821e2 6.45387271733267880336e2
    4.29008140027567833386e2 1.08635005541779435134e2 6.57024977031928170135 -6.04244152148580987438e-2""",
)
_ERFC_FAR = (
    """-9.86494292470009928597e-3 -7.99283237680523006574e-1 -1.77579549177547519889e1 -1.60636384855821916062e2
    -6.37566443368389627722e2 -1.02509513161107724954e3 -4.83519191608651397019e2""",
    """1 3.03380607434824582924e1 3.25792512996573918826e2 1.53672958608443695994e3 3.19985821950859553908e3
    2.55305040643316442583e3 4.74528541206955367215e2 -2.24409524465858183362e1""",
)
_ERF_OF_ONE = _F(8.4506291151e-01)


_POWERS = 2.0 ** (np.arange(32) / 32)
_EXP = tuple(float.fromhex(h) for h in ("0x1.c6af84b912394p-20", "0x1.ebfce50fac4f3p-13", "0x1.62e42ff0c52d6p-6"))


def exp(x: Array) -> Float32:
    """e**x of float32 values; 0 and infinity where float32 ends."""
    scaled = np.clip(np.asarray(x, np.float64), -200.0, 200.0) * (32 * float.fromhex("0x1.71547652b82fep0"))
    whole = np.rint(scaled)
    rest, steps = scaled - whole, np.nan_to_num(whole).astype(np.int64)
    power = np.ldexp(_POWERS[steps & 31], steps >> 5)
    cubic = (_EXP[0] * rest + _EXP[1]) * (rest * rest) + (_EXP[2] * rest + 1.0)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(cubic * power, np.float32)


_RECIPROCALS = np.array(
    [
        float.fromhex(h)
        for h in (
            "0x1.661ec79f8f3bep0",
            "0x1.571ed4aaf883dp0",
            "0x1.49539f0f010bp0",
            "0x1.3c995b0b80385p0",
            "0x1.30d190c8864a5p0",
            "0x1.25e227b0b8eap0",
            "0x1.1bb4a4a1a343fp0",
            "0x1.12358f08ae5bap0",
            "0x1.0953f419900a7p0",
            "0x1p0",
            "0x1.e608cfd9a47acp-1",
            "0x1.ca4b31f026aap-1",
            "0x1.b2036576afce6p-1",
            "0x1.9c2d163a1aa2dp-1",
            "0x1.886e6037841edp-1",
            "0x1.767dcf5534862p-1",
        )
    ]
)
_LOGARITHMS = -np.log(_RECIPROCALS)
_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_LOG = tuple(float.fromhex(h) for h in ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2"))
_LOG_START = 0x3F330000  # bits of 0.699, where the first of the 16 intervals of a mantissa begins


def log(x: Array) -> Float32:
    """Natural logarithm of float32 values; -infinity of 0, nan of negative ones."""
    x = np.asarray(x, np.float32)
    tiny = x < _F(2.0**-126)
    ordinary = (x > 0) & (x < np.inf)
    scaled = np.where(ordinary, np.where(tiny, x, _F(1)) * _F(2.0**23), _F(1))
    bits = np.where(tiny, scaled, np.where(ordinary, x, _F(1))).view(np.int32).astype(np.int64)
    offset = bits - _LOG_START
    interval, exponent = (offset >> 19) & 15, offset >> 23
    mantissa = (bits - (exponent << 23)).astype(np.int32).view(np.float32)
    rest = mantissa.astype(np.float64) * _RECIPROCALS[interval] - 1.0
    whole = _LOGARITHMS[interval] + (exponent - 23 * tiny) * _LN2
    square = rest * rest
    cubic = _LOG[0] * square + (_LOG[1] * rest + _LOG[2])
    result = (cubic * square + (whole + rest)).astype(np.float32)
    limit = np.where(x == 0, _F(-np.inf), np.where(x > 0, x, _F(np.nan)))
    return np.where(ordinary, result, limit)


def expm1(x: Array) -> Float32:
    """exp(x) - 1 of float32 values below 88."""
    x = np.maximum(np.asarray(x, np.float32), _F(-50))
    size = np.abs(x)
    sign = np.where(x < 0, _F(-1), _F(1))
    several = np.trunc(_INV_LN2 * x + sign * _F(0.5))
    k = np.where(size <= _HALF_LN2, _F(0), np.where(size < _ONE_AND_HALF_LN2, sign, several))
    high, low = x - k * _LN2_HI, k * _LN2_LO
    reduced = np.where(k == 0, x, high - low)
    correction = np.where(k == 0, _F(0), (high - reduced) - low)
    result = _scaled(reduced, correction, k)
    return np.where((x < 0) & (size >= _27_LN2), _F(-1), np.where(size < _F(2.0**-25), x, result))


def _scaled(x: Float32, correction: Float32, k: Float32) -> Float32:
    """2**k * exp(x + correction) - 1 for |x| <= ln(2) / 2."""
    one, two, half = _F(1), _F(2), _F(0.5)
    half_x = half * x
    square = x * half_x
    r = one + square * (_Q[0] + square * (_Q[1] + square * (_Q[2] + square * (_Q[3] + square * _Q[4]))))
    t = _F(3) - r * half_x
    e = square * ((r - t) / (_F(6) - x * t))
    unscaled = x - (x * e - square)
    e = x * (e - correction) - correction - square
    power = np.exp2(np.clip(k, -126, 127)).astype(np.float32)
    inverse = np.exp2(-np.clip(k, -126, 126)).astype(np.float32)
    once = np.where(x < _F(-0.25), -two * (e - (x + half)), one + two * (x - e))
    outside = (one - (e - x)) * power - one
    small = ((one - inverse) - (e - x)) * power
    large = ((x - (e + inverse)) + one) * power
    result = np.where(k < 23, small, large)
    result = np.where((k <= -2) | (k > 56), outside, result)
    result = np.where(k == 1, once, result)
    result = np.where(k == -1, half * (x - e) - half, result)
    return np.asarray(np.where(k == 0, unscaled, result), np.float32)


def tanh(x: Array) -> Float32:
    """Hyperbolic tangent of float32 values."""
    x = np.asarray(x, np.float32)
    size = np.minimum(np.abs(x), _F(22))
    far, near = expm1(_F(2) * size), expm1(_F(-2) * size)
    value = np.where(size >= 1, _F(1) - _F(2) / (far + _F(2)), -near / (near + _F(2)))
    return np.copysign(np.where(np.abs(x) >= 22, _F(1), value), x)


def erfc(x: Array) -> Float32:
    """1 - erf(x) of float32 values."""
    x = np.asarray(x, np.float32)
    size = np.minimum(np.abs(x), _F(28))
    one, two = _F(1), _F(2)
    ratio = _ratio(_ERFC_NEAR, np.minimum(size, one) ** 2)
    near = np.clip(x, -one, one)
    inside = np.where(near < _F(0.25), one - (near + near * ratio), _F(0.5) - (near * ratio + (near - _F(0.5))))
    ratio = _ratio(_ERFC_AROUND_ONE, size - one)
    around = np.where(x >= 0, (one - _ERF_OF_ONE) - ratio, one + (_ERF_OF_ONE + ratio))
    tail = _erfc_tail(np.maximum(size, _F(1.25)))
    outside = np.where(x > 0, tail, np.where(size >= 6, two, two - tail))
    outside = np.where(size >= 28, np.where(x > 0, _F(0), two), outside)
    return np.asarray(np.where(size < _F(0.84375), inside, np.where(size < _F(1.25), around, outside)), np.float32)


def _erfc_tail(x: Float32) -> Float32:
    """For 1.25 <= x < 28; x is split so that exp(-x * x) loses no digits."""
    inverse = _F(1) / (x * x)
    ratio = np.where(x < _F(2.857142448), _ratio(_ERFC_MIDDLE, inverse), _ratio(_ERFC_FAR, inverse))
    head = (x.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
    return exp(-head * head - _F(0.5625)) * exp((head - x) * (head + x) + ratio) / x


def _ratio(coefficients: tuple[str, str], x: Float32) -> Float32:
    numerator, denominator = ([_F(c) for c in reversed(text.split())] for text in coefficients)
    return _horner(numerator, x) / _horner(denominator, x)


def _horner(coefficients: list[np.float32], x: Float32) -> Float32:
    total = np.full(x.shape, coefficients[0], np.float32)
    for coefficient in coefficients[1:]:
        total = coefficient + x * total
    return total
