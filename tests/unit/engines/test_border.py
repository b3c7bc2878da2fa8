"""Between the source model's arrays and an artifact's tensors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.bundle import Binding
from limen.engines._border import dequantize, from_tensor, quantize, to_tensor
from limen.errors import BundleError, DataError

INTEGERS = ("int8", "uint8", "int16", "int32")
_scales = st.floats(2.0**-20, 1024.0, width=32)
_values = st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=20)


def binding(
    dtype: str, scale: float | None = None, zero: int = 0, shape: tuple[int, ...] = (1, 4), **more: object
) -> Binding:
    quant = ((), ()) if scale is None else ((float(np.float32(scale)),), (zero,))
    return Binding("x", "x_t", shape, dtype, more.pop("source", "float32"), *quant, **more)  # type: ignore[arg-type]


def tflite_code(value: np.float32, scale: float, zero: int, dtype: str) -> int:
    """The definition: a float32 quotient, rounded half away from zero in exact arithmetic, saturated."""
    with np.errstate(over="ignore", under="ignore"):
        quotient = float(np.float32(value) / np.float32(scale))
    info = np.iinfo(dtype)
    if math.isinf(quotient):
        return info.max if quotient > 0 else info.min
    whole = math.floor(abs(quotient))
    rounded = whole + (abs(quotient) - whole >= 0.5)
    return max(info.min, min(info.max, int(math.copysign(rounded, quotient)) + zero))


@given(st.sampled_from(INTEGERS), _scales, st.integers(-128, 127), _values)
def test_quantising_is_the_definition_to_the_bit(dtype: str, scale: float, zero: int, values: list[float]) -> None:
    zero = abs(zero) if dtype == "uint8" else zero
    array = np.array(values, np.float32)
    codes = quantize(array, binding(dtype, scale, zero))
    assert codes.dtype == np.dtype(dtype)
    assert codes.tolist() == [tflite_code(v, scale, zero, dtype) for v in array]


@given(st.sampled_from(["int8", "int16"]), st.integers(-(2**15), 2**15), st.integers(-3, 3))
def test_halves_and_their_neighbours_are_rounded_right(dtype: str, whole: int, steps: int) -> None:
    value = np.float32(whole + 0.5)
    for _ in range(abs(steps)):
        value = np.nextafter(value, np.float32(math.copysign(np.inf, steps)))
    codes = quantize(np.array([value, -value]), binding(dtype, 1.0))
    assert codes.tolist() == [tflite_code(v, 1.0, 0, dtype) for v in (value, -value)]


def test_what_is_just_below_a_half_is_zero() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert quantize(np.array([below, -below, 0.5, -0.5], np.float32), binding("int8", 1.0)).tolist() == [0, 0, 1, -1]


@given(st.sampled_from(["int8", "uint8", "int16"]), _scales, st.integers(0, 127), st.data())
def test_codes_survive_the_way_out_and_in(dtype: str, scale: float, zero: int, data: st.DataObject) -> None:
    info, bound = np.iinfo(dtype), binding(dtype, scale, zero)
    codes = np.array(data.draw(st.lists(st.integers(info.min, info.max), min_size=1, max_size=9)), dtype)
    real = dequantize(codes, bound)
    assert real.dtype == np.float32
    np.testing.assert_array_equal(quantize(real, bound), codes)


@given(st.sampled_from(INTEGERS), _scales, st.data())
def test_dequantising_rounds_once(dtype: str, scale: float, data: st.DataObject) -> None:
    info = np.iinfo(dtype)
    code = data.draw(st.integers(info.min, info.max))
    exact = (code - 3) * float(np.float32(scale))
    assert dequantize(np.array([code], dtype), binding(dtype, scale, 3))[0] == np.float32(exact)


def test_nan_and_infinity() -> None:
    bound = binding("int8", 0.1)
    with pytest.raises(DataError, match="input 'x': a value is NaN"):
        quantize(np.array([1, np.nan], np.float32), bound)
    big = np.array([np.inf, -np.inf, 1e300, -1e300])
    assert quantize(big, bound).tolist() == [127, -128, 127, -128]
    plain = to_tensor(np.array([[np.nan, np.inf, 1e300, 0]]), binding("float32"))
    np.testing.assert_array_equal(plain, np.array([[np.nan, np.inf, np.inf, 0]], np.float32))


@given(st.permutations(range(4)), st.sampled_from(["float32", "int8"]))
def test_a_permuted_tensor_comes_back(axes: list[int], dtype: str) -> None:
    source = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).astype(dtype)
    shape = tuple(source.shape[a] for a in axes)
    bound = binding(dtype, shape=shape, permutation=tuple(axes), source=dtype)
    tensor = to_tensor(source, bound)
    np.testing.assert_array_equal(tensor, np.transpose(source, axes))
    assert tensor.flags.c_contiguous
    back = from_tensor(tensor, bound)
    assert back.flags.c_contiguous
    np.testing.assert_array_equal(back, source)


def test_an_array_of_the_artifacts_dtype_is_taken_as_codes_and_other_numbers_as_values() -> None:
    bound = binding("int8", 0.5)
    codes = np.array([[1, 2, -3, 4]], np.int8)
    np.testing.assert_array_equal(to_tensor(codes, bound), codes)
    for dtype in (np.float64, np.float16, np.int64, np.int16):
        np.testing.assert_array_equal(to_tensor(codes.astype(dtype), bound), codes * 2)


@pytest.mark.parametrize(("target", "value"), [
    ("int8", np.array([300])), ("uint8", np.array([-1])), ("int32", np.array([0.5])), ("int64", np.array([np.nan])),
    ("int32", np.array([np.inf])), ("bool", np.array([2])), ("uint8", np.array([256.0])),
])  # fmt: skip
def test_values_that_an_integer_tensor_cannot_hold_are_refused(target: str, value: np.ndarray) -> None:
    with pytest.raises(DataError, match=f"input 'x': got {value.dtype.name} values that {target} cannot hold"):
        to_tensor(value, binding(target, source=target))


@pytest.mark.parametrize(("target", "value"), [
    ("int64", np.array([3.0])), ("int32", np.array([7], np.int64)), ("bool", np.array([0, 1])),
    ("float32", np.array([3], np.int64)), ("float16", np.array([0.5])), ("uint8", np.array([True])),
])  # fmt: skip
def test_values_that_it_can_hold_are_converted(target: str, value: np.ndarray) -> None:
    found = to_tensor(value, binding(target, source=target))
    assert found.dtype == np.dtype(target)
    np.testing.assert_array_equal(found, value)


def test_an_integer_source_of_a_quantised_tensor_takes_codes_only() -> None:
    with pytest.raises(DataError, match="got float64, expected codes of int8"):
        to_tensor(np.zeros((1, 4)), binding("int8", 0.5, source="int8"))


def test_outputs_keep_codes_when_raw_and_become_the_sources_dtype_otherwise() -> None:
    codes = np.array([[1, 2, 3, 4]], np.int8)
    quantised = binding("int8", 0.5, 1)
    np.testing.assert_array_equal(from_tensor(codes, quantised), [[0, 0.5, 1, 1.5]])
    assert from_tensor(codes, quantised).dtype == np.float32
    np.testing.assert_array_equal(from_tensor(codes, quantised, raw=True), codes)
    classes = binding("int32", source="int64")
    assert from_tensor(codes.astype(np.int32), classes).dtype == np.int64
    assert from_tensor(codes.astype(np.int32), classes, raw=True).dtype == np.int32


def test_an_output_of_another_size_is_refused() -> None:
    with pytest.raises(BundleError, match=r"output 'x': the engine gives \[2, 4\], the bundle says \[1, 4\]"):
        from_tensor(np.zeros((2, 4), np.float32), binding("float32"))
    assert from_tensor(np.zeros(4, np.float32), binding("float32")).shape == (1, 4)
