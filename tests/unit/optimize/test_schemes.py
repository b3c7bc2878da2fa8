"""Scale, zero point and codes follow TFLite's quantisation specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.optimize.ranges import Range
from limen.optimize.schemes import (
    activation_quant,
    dequantize,
    quantize,
    quantize_bias,
    sqnr_db,
    weight_quant,
    widen_for_bias,
)
from limen.program import Quant

REAL = st.floats(-1e6, 1e6, allow_nan=False, width=32)


@given(REAL, REAL)
def test_zero_is_a_code_and_the_range_is_covered_within_one_step(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    quant = activation_quant(Range(low, high), "int8")
    scale, zero = quant.scale[0], quant.zero_point[0]
    assert -128 <= zero <= 127
    assert scale * (-128 - zero) <= min(low, 0.0) + 0.51 * scale
    assert scale * (127 - zero) >= max(high, 0.0) - 0.51 * scale


@given(REAL, REAL)
def test_int16_is_symmetric(a: float, b: float) -> None:
    quant = activation_quant(Range(min(a, b), max(a, b)), "int16")
    assert quant.zero_point == (0,)
    assert quant.scale[0] * 32767 >= max(abs(a), abs(b)) * (1 - 1e-6)


def test_a_constant_zero_tensor_gets_a_usable_scale() -> None:
    assert activation_quant(Range(0.0, 0.0), "int8") == Quant.per_tensor(1.0, -128)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_weight_codes_are_within_127_and_half_a_step(outputs: int, inputs: int, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(0, 3, (outputs, inputs)).astype(np.float32)
    quant = weight_quant(weights, 0)
    codes = quantize(weights, quant, "int8")
    assert np.abs(codes.astype(int)).max() == 127
    error = np.abs(dequantize(codes, quant) - weights)
    assert (error <= quant.scales[:, None] * 0.5001).all()


def test_a_channel_of_zeros_keeps_a_positive_scale() -> None:
    weights = np.zeros((2, 3), np.float32)
    weights[1] = 1.0
    assert weight_quant(weights, 0).scale[0] == 1.0


def test_scales_widen_until_every_bias_fits() -> None:
    weights = weight_quant(np.full((2, 3), 1e-9, np.float32), 0)
    bias = np.asarray([5.0, 0.0], np.float32)
    wide = widen_for_bias(weights, bias, 0.01)
    codes, quant = quantize_bias(bias, 0.01, wide, "int32")
    assert wide.scale[1] == weights.scale[1]
    assert abs(float(codes[0]) * quant.scale[0] - 5.0) < 1e-5


@pytest.mark.parametrize(("value", "code"), [(0.5, 0), (1.5, 2), (-0.5, 0), (300.0, 127), (-300.0, -128)])
def test_codes_round_half_to_even_and_saturate(value: float, code: int) -> None:
    assert quantize(np.asarray([value], np.float32), Quant.per_tensor(1.0), "int8")[0] == code


def test_sqnr_of_equal_arrays_is_infinite_and_of_known_noise_is_known() -> None:
    x = np.ones(100)
    assert sqnr_db(x, x) == np.inf
    assert sqnr_db(x, x + 0.1) == pytest.approx(20.0)
