"""Fixed-point arithmetic against its definition on Python's unlimited integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.errors import ProgramError
from limen.ops import _fixed_point as fp

INT32 = st.integers(-(2**31), 2**31 - 1)
MANTISSA = st.integers(2**30, 2**31 - 1)


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def expected_rescale(x: int, mantissa: int, shift: int) -> int:
    shifted = wrapped(x << max(shift, 0))
    high = half_up(Fraction(shifted * mantissa, 2**31))
    return half_away(Fraction(high, 2 ** max(-shift, 0)))


@given(INT32, INT32)
def test_doubling_high_mul_is_the_rounded_high_half(a: int, b: int) -> None:
    expected = min(half_up(Fraction(a * b, 2**31)), 2**31 - 1)
    assert int(fp.doubling_high_mul(np.int64(a), b)) == expected


@given(INT32, st.integers(0, 31))
def test_divide_by_pot_rounds_halves_away_from_zero(x: int, exponent: int) -> None:
    assert int(fp.divide_by_pot(x, exponent)) == half_away(Fraction(x, 2**exponent))


@given(INT32, MANTISSA, st.integers(-31, 8))
def test_rescale_rounds_twice(x: int, mantissa: int, shift: int) -> None:
    factor = fp.Multiplier(np.asarray(mantissa), np.asarray(shift))
    assert int(fp.rescale(np.asarray([x]), factor)[0]) == expected_rescale(x, mantissa, shift)


@given(st.integers(-(2**46), 2**46), MANTISSA, st.integers(-31, 7))
def test_rescale_int64_rounds_once_with_a_16_bit_mantissa(x: int, mantissa: int, shift: int) -> None:
    factor = fp.Multiplier(np.asarray(mantissa), np.asarray(shift))
    reduced = (mantissa + 2**15) >> 16 if mantissa < 0x7FFF0000 else 0x7FFF
    expected = wrapped(half_up(Fraction(x * reduced, 2 ** (15 - shift))))
    assert int(fp.rescale_int64(np.asarray([x]), factor)[0]) == expected


@given(st.lists(st.integers(-(2**24), 2**24), min_size=1, max_size=4), st.integers(-31, 6), MANTISSA, st.booleans())
def test_requantization_equals_rescale_and_clamp(values: list[int], shift: int, mantissa: int, wide: bool) -> None:
    factor = fp.Multiplier(np.full(len(values), mantissa), np.full(len(values), shift))
    bias = np.arange(len(values))
    made = fp.Requantization(factor, 3, -128, 127, "int8", wide)(np.asarray([values], np.float64), bias, 2.0**24)
    rescale = fp.rescale_int64 if wide else fp.rescale
    expected = np.clip(rescale(np.asarray([values]) + bias, factor) + 3, -128, 127)
    np.testing.assert_array_equal(made, expected)


@given(st.floats(2.0**-31, 2.0**29))
def test_a_multiplier_is_the_nearest_of_31_bits(real: float) -> None:
    mantissa, shift = fp.quantize_multiplier(real)
    assert 2**30 <= mantissa < 2**31
    assert abs(Fraction(mantissa) * Fraction(2) ** (shift - 31) / Fraction(real) - 1) <= Fraction(1, 2**31)


@given(st.lists(st.floats(0.0, 2.0**29), min_size=1, max_size=5))
def test_multipliers_of_channels_equal_single_ones(reals: list[float]) -> None:
    many = fp.multipliers(np.asarray(reals))
    single = [fp.quantize_multiplier(real) for real in reals]
    assert list(zip(many.mantissa.tolist(), many.shift.tolist(), strict=True)) == single


@pytest.mark.parametrize("real", [math.inf, math.nan, 2.0**30])
def test_a_factor_without_a_fixed_point_form_is_refused(real: float) -> None:
    with pytest.raises(ProgramError, match="fixed point"):
        fp.quantize_multiplier(real)
    with pytest.raises(ProgramError, match="fixed point"):
        fp.multipliers(np.asarray([1.0, real]))


@given(st.floats(-1e9, 1e9, width=32))
def test_round_away_is_c_round(value: float) -> None:
    assert float(fp.round_away(np.asarray([value], np.float32))[0]) == half_away(Fraction(value))
