"""Legalising keeps the results: integers to the bit, floats to rounding; and LiteRT takes what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from limen.errors import ProgramError, UnsupportedOp
from limen.program import Program, Quant, Tensor, run
from limen.targets.tflite import write
from limen.targets.tflite._legalize import legalize
from limen.targets.tflite._padding import scheme_of
from unit.targets._examples import c, examples, op, program, ramp, x

QUANT = Quant.per_tensor(0.05, -3)
SIDES = st.tuples(*[st.integers(0, 2)] * 4)
SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))
SIZES = st.tuples(st.integers(3, 9), st.integers(3, 9))
DTYPES = st.sampled_from(["float32", "int8"])


def image(size: tuple[int, int], dtype: str, channels: int = 3) -> Tensor:
    return x(1, *size, channels, dtype=dtype, quant=QUANT if dtype == "int8" else None)


def check_same(made: Program, tolerance: float = 1e-5) -> None:
    """The legalised Program and LiteRT's run of it against the original."""
    legal = legalize(made)
    rng = np.random.default_rng(4)
    (tensor,) = made.input_tensors()
    values = rng.integers(-128, 128, tensor.shape) if tensor.dtype == "int8" else rng.normal(size=tensor.shape)
    feeds = {tensor.name: values.astype(tensor.dtype)}
    (wanted,) = run(made, feeds).values()
    for got in (next(iter(run(legal, feeds).values())), litert(made, feeds)):
        assert got.shape == wanted.shape
        if wanted.dtype == np.int8:
            np.testing.assert_array_equal(got, wanted)
        else:
            np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def litert(made: Program, feeds: dict[str, Any]) -> Any:
    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=write(made), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    (result,) = interpreter.get_signature_runner()(**feeds).values()
    return result


@settings(max_examples=60)
@given(SIZES, SMALL, SMALL, SIDES, DTYPES, st.sampled_from(["AveragePool2D", "MaxPool2D"]))
def test_pools_with_any_padding(
    size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], sides: Any, dtype: str, name: str
) -> None:
    assume(max(sides[:2]) < window[0] and max(sides[2:]) < window[1])
    tensor = image(size, dtype)
    pool = op(name, filter=window, stride=stride, padding=sides)
    try:
        made = program(pool, tensor, quants=(tensor.quant,))
    except ProgramError:
        assume(False)
    check_same(made)


@settings(max_examples=40)
@given(SIZES, SMALL, SMALL, SMALL, SIDES)
def test_convolutions_with_any_padding(
    size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], sides: Any
) -> None:
    weights = c(ramp(2, *window, 3) / 7)
    convolution = op("Conv2D", stride=stride, dilation=dilation, padding=sides)
    try:
        made = program(convolution, image(size, "float32"), weights)
    except ProgramError:
        assume(False)
    check_same(made)


@settings(max_examples=30)
@given(SIZES, SMALL, SIDES)
def test_quantised_convolutions_are_padded_with_the_zero_point(
    size: tuple[int, int], window: tuple[int, int], sides: Any
) -> None:
    weights = c(ramp(2, *window, 3, dtype=np.int8), quant=Quant.per_channel(np.array([0.1, 0.2]), 0))
    try:
        made = program(op("Conv2D", padding=sides), image(size, "int8"), weights, quants=(Quant.per_tensor(0.7, 9),))
    except ProgramError:
        assume(False)
    check_same(made)


@settings(max_examples=40)
@given(SIZES, SMALL, SMALL, SIDES, st.integers(0, 2))
def test_transposed_convolutions_with_any_crop(
    size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], sides: Any, longer: int
) -> None:
    assume(longer < min(stride))
    full = [(n - 1) * s + k for n, s, k in zip(size, stride, window, strict=True)]
    output = (full[0] - sides[0] - sides[1] + longer, full[1] - sides[2] - sides[3] + longer)
    assume(min(output) > 0 and longer <= min(sides[1], sides[3]))
    transposed = op("TransposeConv", stride=stride, padding=sides, output_size=output, activation="relu")
    check_same(program(transposed, image(size, "float32"), c(ramp(2, *window, 3) / 7)))


def test_same_and_valid_are_left_alone() -> None:
    for name, made in examples():
        if name in ("Conv2D", "Conv2D dilated", "DepthwiseConv2D", "AveragePool2D", "MaxPool2D", "TransposeConv"):
            assert legalize(made) is made, name


def test_padding_behind_the_last_window_does_not_matter() -> None:
    assert scheme_of((6, 6), (2, 2), (2, 2), (1, 1), (0, 1, 0, 1), (3, 3)) == "VALID"
    assert scheme_of((6, 6), (3, 3), (2, 2), (1, 1), (0, 1, 0, 1), (3, 3)) == "SAME"
    assert scheme_of((6, 6), (3, 3), (2, 2), (1, 1), (1, 0, 1, 0), (3, 3)) is None


def test_an_average_that_would_need_many_pieces_is_refused() -> None:
    made = program(op("AveragePool2D", filter=(9, 9), padding=(8, 8, 8, 8)), image((12, 12), "float32"))
    with pytest.raises(UnsupportedOp, match="cuts 289 kinds of window"):
        legalize(made)


@pytest.mark.parametrize("name", ["Pad", "PadV2"])
def test_six_dimensions_are_padded_as_five(name: str) -> None:
    sides = ((0, 0), (1, 0), (0, 0), (0, 0), (0, 2), (0, 0))
    value = (c(np.float32(3)),) if name == "PadV2" else ()
    check_same(program(op(name, paddings=sides), x(2, 1, 2, 3, 2, 1), *value))


def test_padding_in_six_separate_dimensions_is_refused() -> None:
    made = program(op("Pad", paddings=((1, 1),) * 6), x(1, 1, 1, 1, 1, 1))
    with pytest.raises(UnsupportedOp, match="6 dimensions"):
        legalize(made)
