"""Values worked out by hand, and what the interpreter says when a run's data cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from conformance._ops_harness import op, single, tensor
from limen.errors import DataError
from limen.program import Array, Op, Quant, Tensor, run

Q = Quant.per_tensor


def value(made: Op, *given: Array, quants: tuple[Quant | None, ...] = (), out: Quant | None = None) -> Array:
    """The first output for constant-free inputs."""
    names = [f"x{i}" for i in range(len(given))]
    padded = (*quants, *[None] * len(given))
    inputs = [tensor(n, a.shape, a.dtype.name, q) for n, a, q in zip(names, given, padded, strict=False)]
    program = single(made, tuple(inputs), out)
    return run(program, dict(zip(names, given, strict=True)))["y0"]


def i8(*codes: int) -> Array:
    return np.array(codes, np.int8)


def f32(*values: float) -> Array:
    return np.array(values, np.float32)


def test_square_roots_are_cut_off_towards_zero() -> None:
    assert value(op("Sqrt"), i8(8, 15, 16), quants=(Q(1.0),), out=Q(1.0)).tolist() == [2, 3, 4]


@pytest.mark.parametrize("name", ["Sqrt", "Rsqrt"])
def test_roots_of_negative_codes_stop_the_run(name: str) -> None:
    with pytest.raises(DataError, match="x0: the quantised"):
        value(op(name), i8(3, -1), quants=(Q(0.5),), out=Q(0.5))


def test_the_inverse_root_of_zero_is_the_largest_code() -> None:
    assert value(op("Rsqrt"), i8(0, 4), quants=(Q(1.0),), out=Q(0.25, 0)).tolist() == [127, 2]


def test_negation_of_the_smallest_code_wraps() -> None:
    assert value(op("Neg"), i8(-128, 5)).tolist() == [-128, -5]


@pytest.mark.parametrize(
    ("given", "dtype", "wanted"),
    [
        (f32(1.9, -1.9, np.nan, np.inf, -np.inf, 300), "int8", [1, -1, 127, 127, -128, 127]),
        (f32(-1.5, 255.9, 256), "uint8", [0, 255, 255]),
        (f32(2**31, -(2**31)), "int32", [2**31 - 1, -(2**31)]),
        (np.array([300, -1], np.int32), "uint8", [44, 255]),
        (f32(0.0, 0.5, np.nan), "bool", [False, True, True]),
        (np.array([70000], np.int32), "float16", [np.inf]),
        (np.array([True, False]), "float32", [1.0, 0.0]),
    ],
)
def test_casts(given: Array, dtype: str, wanted: list[object]) -> None:
    assert value(op("Cast", dtype=dtype), given).tolist() == wanted


def test_close_codes_of_different_scales_compare_by_value() -> None:
    a, b = i8(10, 11), i8(20, 20)
    assert value(op("Less"), a, b, quants=(Q(0.5), Q(0.25, -1))).tolist() == [True, False]
    assert value(op("Equal"), a, b, quants=(Q(0.5), Q(0.25, 0))).tolist() == [True, False]


def test_nan_is_worse_than_any_number() -> None:
    numbers = f32(np.nan, -np.inf, 2, np.nan, 2, -7)
    assert value(op("ArgMax", axis=0), numbers) == 2
    assert value(op("ArgMin", axis=0), numbers) == 1
    assert value(op("ArgMax", axis=0), f32(np.nan, np.nan)) == 0
    assert value(op("TopK", k=5), numbers).tolist()[:4] == [2, 2, -7, -np.inf]


def test_equal_values_keep_their_order() -> None:
    program = single(op("TopK", k=3), (tensor("x", (4,), "int32"),))
    result = run(program, {"x": np.array([5, 7, 7, 5], np.int32)})
    assert result["y1"].tolist() == [1, 2, 0]


@pytest.mark.parametrize("wrong", [-1, 3])
@pytest.mark.parametrize("name", ["Gather", "GatherNd"])
def test_an_index_outside_stops_the_run(name: str, wrong: int) -> None:
    places = Tensor.constant("i", np.array([[0], [wrong]], np.int32))
    program = single(op(name), (tensor("x", (3, 2), "float32"), places))
    with pytest.raises(DataError, match=f"i: index {wrong} lies outside 0 ... 2"):
        run(program, {"x": np.zeros((3, 2), np.float32)})


def test_padding_uses_the_zero_point() -> None:
    assert value(op("Pad", paddings=((1, 1),)), i8(5), quants=(Q(0.5, 7),), out=Q(0.5, 7)).tolist() == [7, 5, 7]
    assert value(op("Pad", paddings=((1, 1),)), i8(5)).tolist() == [0, 5, 0]


def test_mirrors() -> None:
    numbers = f32(1, 2, 3)
    assert value(op("MirrorPad", paddings=((2, 1),)), numbers).tolist() == [3, 2, 1, 2, 3, 2]
    assert value(op("MirrorPad", paddings=((2, 1),), mode="symmetric"), numbers).tolist() == [2, 1, 1, 2, 3, 3]


def test_exclusive_sums_do_not_subtract_what_is_infinite() -> None:
    made = op("CumSum", axis=0, exclusive=True)
    assert value(made, f32(1, np.inf, 2)).tolist() == [0, 1, np.inf]
    assert value(op("CumSum", axis=0, exclusive=True, reverse=True), f32(1, 2, 4)).tolist() == [6, 4, 0]


@pytest.mark.parametrize(
    ("masks", "wanted"),
    [
        ({}, [[4, 5]]),
        ({"begin_mask": 1}, [[1, 2], [4, 5]]),
        ({"end_mask": 2}, [[4, 5, 6]]),
        ({"shrink_axis_mask": 1}, [4, 5]),
        ({"new_axis_mask": 1}, [[[1, 2, 3], [4, 5, 6]]]),
        ({"ellipsis_mask": 1}, [[1, 2], [4, 5]]),
    ],
)
def test_masks_of_a_strided_slice(masks: dict[str, int], wanted: object) -> None:
    made = op("StridedSlice", begin=(1, 0), end=(2, 2), strides=(1, 1), **masks)
    assert value(made, np.array([[1, 2, 3], [4, 5, 6]], np.float32)).tolist() == wanted
