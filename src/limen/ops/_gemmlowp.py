"""gemmlowp's fixed-point functions on whole arrays: exp, logistic, tanh and 1/(1+x), to the bit.

A value is an int64 array of raw int32 numbers; ``integer_bits`` says where its binary point lies: real = raw *
2**(integer_bits - 31). The constants are the Taylor and Newton-Raphson coefficients of gemmlowp's fixed-point header.
"""

from __future__ import annotations

import numpy as np

from limen.ops._fixed_point import INT32_MAX, INT32_MIN, Int64, divide_by_pot, doubling_high_mul, wrap_int32

ONE = INT32_MAX
# exp(-2**k) for k = -2 ... 4 in Q0.31
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_48_OVER_17 = 1515870810
_MINUS_32_OVER_17 = -1010580540
_LOG_2 = 1488522236
_SQRT_HALF = 1518500250
_FOURTH_ROOT_HALF = 1805811301
_ALPHA_N, _ALPHA_D, _ALPHA_I, _ALPHA_F = 117049297, 127690142, 1057819769, 638450708


def shift_saturating(raw: Int64, exponent: int) -> Int64:
    """SaturatingRoundingMultiplyByPOT: raw * 2**exponent, saturated (left) or rounded (right)."""
    if exponent <= 0:
        return divide_by_pot(raw, -exponent)
    return np.asarray(np.clip(raw << exponent, INT32_MIN, INT32_MAX), np.int64)


def exp_on_negative_values(raw: Int64, integer_bits: int) -> Int64:
    """exp of values <= 0 with ``integer_bits`` integer bits, in Q0.31."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within = (raw & (quarter - 1)) - quarter
    result = _exp_on_last_quarter(shift_saturating(within, integer_bits))
    remainder = within - raw
    for index, factor in enumerate(_EXP_OF_POWERS):
        exponent = index - 2
        if integer_bits > exponent:
            bit = remainder & (1 << (fraction_bits + exponent))
            result = np.where(bit != 0, doubling_high_mul(result, factor), result)
    if integer_bits > 5:
        result = np.where(raw < -(1 << (36 - integer_bits)), 0, result)
    return np.where(raw == 0, ONE, result)


def _exp_on_last_quarter(raw: Int64) -> Int64:
    """exp on [-1/4, 0) in Q0.31: a Taylor polynomial around -1/8."""
    x = raw + (1 << 28)
    x2 = doubling_high_mul(x, x)
    x3 = doubling_high_mul(x2, x)
    x4 = doubling_high_mul(x2, x2)
    tail = divide_by_pot(doubling_high_mul(divide_by_pot(x4, 2) + x3, _ONE_THIRD) + x2, 1)
    return wrap_int32(_EXP_OF_MINUS_EIGHTH + doubling_high_mul(x + tail, _EXP_OF_MINUS_EIGHTH))


def one_over_one_plus(raw: Int64) -> Int64:
    """1 / (1 + x) for x in [0, 1], both Q0.31: Newton-Raphson division."""
    half_denominator = (raw + ONE + 1) >> 1
    return shift_saturating(_newton_reciprocal(half_denominator), 1)


def one_minus_x_over_one_plus_x(raw: Int64) -> Int64:
    """(1 - x) / (1 + x) for x in [0, 1], both Q0.31."""
    half_denominator = (raw + ONE + 1) >> 1
    return shift_saturating(_newton_reciprocal(half_denominator) - (1 << 29), 2)


def _newton_reciprocal(half_denominator: Int64) -> Int64:
    """1 / half_denominator with 2 integer bits, three iterations."""
    x = _48_OVER_17 + doubling_high_mul(half_denominator, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - doubling_high_mul(half_denominator, x)
        x = x + shift_saturating(doubling_high_mul(x, error), 2)
    return x


def logistic(raw: Int64, integer_bits: int) -> Int64:
    """1 / (1 + exp(-x)) in Q0.31."""
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(raw), integer_bits))
    return np.where(raw == 0, 1 << 30, np.where(raw > 0, positive, ONE - positive))


def tanh(raw: Int64, integer_bits: int) -> Int64:
    """Hyperbolic tangent in Q0.31."""
    magnitude = one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(raw), integer_bits - 1))
    return np.where(raw == 0, 0, np.where(raw > 0, magnitude, -magnitude))


def log_of_at_least_one(raw: Int64, input_bits: int, output_bits: int) -> Int64:
    """Natural logarithm of values >= 1 (TFLite's rational approximation around sqrt(sqrt(1/2)))."""
    accumulator = output_bits + 1
    quarter = 1 << (29 - accumulator)
    zeros = _leading_zeros(raw)
    first = shift_saturating(doubling_high_mul(shift_saturating_by(raw, zeros - 1), _SQRT_HALF), 1)
    first_power = np.minimum(shift_saturating(input_bits - zeros, 31 - accumulator) + quarter, INT32_MAX)
    headroom = _leading_zeros(doubling_high_mul(raw, _SQRT_HALF)) - 1
    second = shift_saturating_by(raw, headroom)
    second_power = np.maximum(shift_saturating(input_bits - headroom, 31 - accumulator) - quarter, INT32_MIN)
    r, power = np.minimum(first, second), np.maximum(first_power, second_power)
    half_sum = (r + _FOURTH_ROOT_HALF + 1) >> 1
    q = wrap_int32(2 * (r - _FOURTH_ROOT_HALF))
    square = doubling_high_mul(q, q)
    numerator = doubling_high_mul(q, r) + doubling_high_mul(doubling_high_mul(q, square), _ALPHA_N)
    denominator = doubling_high_mul(half_sum, _ALPHA_I + q + doubling_high_mul(square, _ALPHA_D))
    reciprocal = one_over_one_plus(denominator + doubling_high_mul(q, _ALPHA_F))
    fraction = doubling_high_mul(divide_by_pot(numerator, accumulator), reciprocal)
    return shift_saturating(doubling_high_mul(power, _LOG_2) + fraction, 1)


def shift_saturating_by(raw: Int64, exponents: Int64) -> Int64:
    """``shift_saturating`` with one exponent >= 0 per element."""
    return np.asarray(np.clip(raw << exponents, INT32_MIN, INT32_MAX), np.int64)


def _leading_zeros(values: Int64) -> Int64:
    return np.asarray(31 - np.floor(np.log2(values)), np.int64)


def inverse_square_root(values: Int64) -> tuple[Int64, Int64]:
    """1 / sqrt(x) of int32 values as mantissa and right shift; 0 counts as 1 (TFLite's L2 normalisation)."""
    x, shift = np.maximum(values, 2), np.full(values.shape, 11, np.int64)
    for _ in range(2):
        large = x >= 1 << 29
        x, shift = np.where(large, x // 4, x), shift + large
    pairs = (_leading_zeros(x) - 1) // 2 - 1
    x, shift = x << (2 * pairs), shift - pairs
    third = x >> 1
    half = divide_by_pot(third, 1)
    y = np.full(values.shape, 1 << 28, np.int64)
    for _ in range(5):
        cube = shift_saturating(doubling_high_mul(doubling_high_mul(y, y), y), 6)
        y = shift_saturating(doubling_high_mul(y, (1 << 28) + (1 << 27)) - doubling_high_mul(half, cube), 3)
    y = doubling_high_mul(y, _SQRT_HALF) << np.maximum(-shift, 0)
    one = values <= 1
    return np.where(one, INT32_MAX, y), np.where(one, 0, np.maximum(shift, 0))
