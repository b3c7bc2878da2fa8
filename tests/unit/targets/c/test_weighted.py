"""Portable kernels of weighted layers and reductions: proofs of fits, streaming means, refusals, edges of int32."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limen import devices
from limen.errors import UnsupportedOp
from limen.lab.host import build
from limen.ops._fixed_point import Multiplier, multiplier, rescale, round_away
from limen.program import Program, Quant, Tensor, run
from limen.targets.c import generate
from limen.targets.c.ops._wfit import Fit, Range, fit
from unit.targets.c.op_programs import call, program, random_feeds

HOST = devices.get("x86-64")


def _apply(found: Fit, values: np.ndarray) -> np.ndarray:
    addend = np.where(values < 0, found.negative, found.addend)
    return (values * found.mantissa + addend) >> found.shift


@given(
    st.floats(2.0**-20, 0.9), st.integers(-128, 127), st.integers(1, 2**22), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_a_fit_is_the_rescaling_for_every_accumulator(
    real: float, zero: int, reach: int, relu: bool, seed: int
) -> None:
    factor = multiplier(real)
    factors = np.ldexp(np.atleast_1d(factor.mantissa).astype(np.float64), int(factor.shift) - 31)
    low, high = (zero if relu else -128), 127
    bounds = Range(np.array([-reach]), np.array([reach]))
    once = Multiplier(np.atleast_1d(factor.mantissa), np.atleast_1d(factor.shift))
    found = fit(factors, bounds, (low, high), zero, lambda x: rescale(x, once))
    if found is None:
        return
    rng = np.random.default_rng(seed)
    near = np.round((np.arange(low, high + 1) - zero + 0.5) / factors[0]).astype(np.int64)
    values = np.concatenate([rng.integers(-reach, reach + 1, 2000), *(near + step for step in (-2, -1, 0, 1, 2))])
    values = values[np.abs(values) <= reach][:, None]
    wanted = np.clip(rescale(values, once) + zero, low, high)
    assert np.array_equal(np.clip(_apply(found, values), low, high), wanted)


@settings(max_examples=30)
@given(st.lists(st.floats(2.0**-12, 0.5), min_size=1, max_size=4), st.integers(-128, 127))
def test_a_fit_of_several_channels_is_the_rounding_in_double(reals: list[float], zero: int) -> None:
    factors = np.array(reals)
    reach = 40_000
    bounds = Range(np.full(len(reals), -reach), np.full(len(reals), reach))
    found = fit(factors, bounds, (-128, 127), zero, lambda x: round_away(x * factors).astype(np.int64))
    if found is None:
        return
    values = np.arange(-reach, reach + 1)[:, None]
    wanted = np.clip(round_away(values * factors) + zero, -128, 127)
    assert np.array_equal(np.clip(_apply(found, values), -128, 127), wanted)


def test_one_factor_is_nearly_always_fitted() -> None:
    rng = np.random.default_rng(0)
    bounds = Range(np.array([-(10**6)]), np.array([10**6]))
    found = 0
    for real in np.exp(rng.uniform(np.log(1e-4), np.log(1e-2), 40)):
        factors = np.array([real])
        found += fit(factors, bounds, (-128, 127), 3, lambda x: round_away(x * factors).astype(np.int64)) is not None  # noqa: B023
    assert found >= 36


def _pooled(operator: str, kind: str) -> Program:
    """A convolution whose output is reduced over the image."""
    rng = np.random.default_rng(1)
    quant = {"float32": None, "int8": Quant.per_tensor(0.05, 3), "int16": Quant.per_tensor(0.01)}[kind]
    values = rng.integers(-127, 128, (5, 3, 3, 2))
    if kind == "float32":
        w, middle, last = Tensor.constant("w", values.astype(np.float32) / 50), None, None
    else:
        w = Tensor.constant("w", values.astype(np.int8), Quant.per_tensor(0.02))
        middle = Quant.per_tensor(0.3 if kind == "int8" else 0.01, -5 if kind == "int8" else 0)
        last = Quant.per_tensor(middle.scale[0] * (1 if operator == "Mean" else 60), middle.zero_point[0])
    x = Tensor("x", (1, 16, 9, 2), kind, quant)  # type: ignore[arg-type]
    convolution = call("Conv2D", "x w", "a", middle, padding=(1, 1, 1, 1))
    return program((x, w), convolution, call(operator, "a", "y", last, axes=(1, 2)), last=True)


@pytest.mark.parametrize("kind", ["float32", "int8", "int16"])
@pytest.mark.parametrize("operator", ["Mean", "Sum"])
def test_a_reduction_over_an_image_streams_with_the_same_result(operator: str, kind: str) -> None:
    made = _pooled(operator, kind)
    generated = generate(made, HOST, kernels="portable", stream=True)
    assert generated.arena < made.tensors["a"].nbytes + made.tensors["x"].nbytes
    feeds = random_feeds(made)
    wanted, got = run(made, feeds)["y"], build(generated).run(feeds)["y"]
    assert np.allclose(got, wanted, rtol=1e-4) if kind == "float32" else np.array_equal(got, wanted)


def test_int8_weights_under_float_input_are_refused_with_the_way_out() -> None:
    w = Tensor.constant("w", np.ones((3, 4), np.int8), Quant.per_tensor(0.1))
    made = program((Tensor("x", (1, 4), "float32"), w), call("FullyConnected", "x w"))
    with pytest.raises(UnsupportedOp, match="requantise with --data"):
        generate(made, HOST)


def test_computed_weights_are_refused() -> None:
    tensors = (Tensor("x", (1, 4), "float32"), Tensor("w", (3, 4), "float32"))
    with pytest.raises(UnsupportedOp, match="computed weights"):
        generate(program(tensors, call("FullyConnected", "x w")), HOST)


def test_sums_that_leave_int32_wrap_as_the_program_says() -> None:
    """int16 codes, int8 weights and an int32 bias: the Program's accumulator has 32 bits."""
    depth = 700
    w = Tensor.constant("w", np.full((2, 1, 1, depth), 127, np.int8), Quant.per_tensor(0.01))
    b = Tensor.constant("b", np.array([2**31 - 5, -(2**31) + 5], np.int32))
    x = Tensor("x", (1, 1, 3, depth), "int16", Quant.per_tensor(0.01))
    made = program((x, w, b), call("Conv2D", "x w b", quant=Quant.per_tensor(20.0)))
    feeds = {"x": np.stack([np.full(depth, v) for v in (-32768, 32767, 1)]).astype(np.int16)[None, None]}
    assert np.array_equal(build(generate(made, HOST, kernels="portable")).run(feeds)["y"], run(made, feeds)["y"])
