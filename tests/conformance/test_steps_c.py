"""The steps in C answer what the numpy steps answer: integers to the bit, floats within the tolerance of each case.

All chains are compiled in one file, with all warnings as errors and without a C library but memcpy and memset: once by
zig's clang with checks for undefined behaviour that trap, once by GCC with its optimiser.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from limen.bundle import Binding
from limen.engines._border import quantize
from limen.errors import UnsupportedOp
from limen.steps import Chain, Context, Step
from limen.targets.c.steps import Border, StepChain, emit_chain

pytest.importorskip("ziglang", reason="ziglang is not installed")

from conformance._steps_c import COMPILERS, Compiled
from conformance._steps_c_cases import CASES, Case

EACH = pytest.mark.parametrize("case", [pytest.param(case, id=case.chain.symbol) for case in CASES])


@pytest.fixture(scope="module", params=list(COMPILERS))
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    if request.param == "gcc" and shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    return Compiled([case.chain for case in CASES], tmp_path_factory.mktemp("steps"), COMPILERS[request.param])


def _view(chain: StepChain, context: Context) -> np.ndarray[Any, Any]:
    view = context.facts.get("view")
    numbers = [*view.scale, *view.offset, *view.source] if view is not None else [0.0] * 6
    return np.array(numbers, np.float64 if chain.real == "double" else np.float32)


def _expected(case: Case) -> Iterator[tuple[Any, Any, Context]]:
    """Each value, what numpy makes of it, and the context then."""
    context = Context(labels=case.labels, facts=dict(case.facts))
    for place, value in enumerate(case.values):
        if not case.stream:
            context = Context(labels=case.labels, facts=dict(case.facts))
        given = _real(value, case.outputs) if case.outputs else value
        found = case.steps.run(given, context) if case.expected is None else case.expected[place]
        yield value, _coded(found, case.target) if case.target else found, context


def _real(value: dict[str, Any], outputs: tuple[Border, ...]) -> dict[str, Any]:
    """As the session takes them from the engine: real values, the source's axes."""
    found = {}
    for border in outputs:
        array = value[border.name]
        if border.scale:
            array = (array.astype(np.float32) - np.float32(border.zero_point)) * np.float32(border.scale)
        found[border.name] = array.transpose(border.inverse)
    return found


def _coded(value: Any, target: Border) -> Any:
    """As the session hands it to the engine: the source's shape, the tensor's axes, codes."""
    inputs = value.reshape(-1, *target.source_shape).transpose(0, *(axis + 1 for axis in target.axes))
    return target.codes(inputs) if target.scale and inputs.dtype != target.dtype else inputs.astype(target.dtype)


@EACH
def test_answers_what_numpy_answers(case: Case, library: Compiled) -> None:
    library.reset(case.chain)
    for value, expected, context in _expected(case):
        wanted = _view(case.chain, context)
        view = np.zeros_like(wanted) if case.steps.kind == "pre" else wanted.copy()
        found = library.run(case.chain, value, view)
        assert found["code"] >= 0
        if case.chain.view:
            np.testing.assert_allclose(view, wanted, rtol=1e-6, atol=1e-5)
        for name, array in (expected if isinstance(expected, dict) else {"": expected}).items():
            name = name if name in found else ""
            if array.dtype.kind == "U":
                assert [case.chain.labels[i] for i in found["classes"].reshape(-1)] == array.reshape(-1).tolist()
                continue
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            close = {"rtol": case.tolerance if array.dtype.kind == "f" else 0, "atol": case.tolerance}
            np.testing.assert_allclose(found[name].astype(np.float64), array.astype(np.float64), **close)


def test_two_instances_of_a_chain_do_not_meet(library: Compiled) -> None:
    """All memory is the caller's: a stream is its state and nothing else."""
    case = next(case for case in CASES if case.chain.symbol == "stream_0_micro_frontend")
    loud, extreme = case.values[:2]
    library.reset(case.chain)
    first = library.run(case.chain, loud)[""]
    library.reset(case.chain)
    library.run(case.chain, extreme)
    library.reset(case.chain)
    np.testing.assert_array_equal(library.run(case.chain, loud)[""], first)


def test_values_that_do_not_fit_are_refused_at_run_time_by_the_number_of_the_step(library: Compiled) -> None:
    kws = next(case.chain for case in CASES if case.chain.symbol == "model_6")
    assert library.run(kws, np.zeros(300, np.int16))["code"] == -1
    assert library.run(kws, np.zeros(15000, np.int16))["code"] == -4
    picture = next(case.chain for case in CASES if case.chain.symbol == "open_1_resize")
    assert library.run(picture, np.zeros((65, 3, 3), np.uint8))["code"] == -1


REFUSED = (
    ("crop:200x3", (10, 10, 3), "uint8", "", "crop: of 200x3"),
    ("resize:4x4", (10, 10), "int16", "", "resize: on pixels of int16"),
    ("resize:4x4", (10, 10, 3, 1), "uint8", "", "resize: on the shape"),
    ("letterbox:4x4:fill=0.5", (10, 10, 3), "uint8", "", "letterbox: with fill=0.5"),
    ("normalise:mean=1/2", (10, 10, 3), "uint8", "", "normalise: with mean for another number"),
    ("normalise", (10, 10, 3), "uint8", "picture", "normalise: on a picture of unknown size"),
    ("resize:4x4:fit=cover", (10, 10, 3), "uint8", "picture", "resize: at the end of a chain"),
    ("log_mel:fft=1006:size=480", (16000,), "int16", "", "log_mel: with fft=1006"),
    ("log_mel", (100,), "int16", "", "log_mel: on a signal of 100 samples"),
    ("micro_frontend", (2, 100), "int16", "", "micro_frontend: on the shape"),
    ("mfcc:count=50", (3, 40), "float32", "", "mfcc: with count=50"),
    ("standardise:mean=1:std=1", (3, 2), "float32", "", "standardise: on the shape"),
    ("reshape:7", (3, 2), "float32", "", "reshape: of 6 elements"),
    ("decode_image", (3, 2, 4), "uint8", "", "decode_image: on uint8"),
    ("softmax:axis=3", (3, 2), "float32", "", "softmax: along axis 3"),
    ("nms", (3, 4), "float32", "", "nms: without boxes and scores"),
    ("box_restore", (3, 4), "float32", "", "box_restore: without boxes"),
    ("box_decode:size=8x8:strides=8:boxes='[0:3]'", (1, 1, 4), "float32", "", "box_decode: on 3 box channels"),
)


@pytest.mark.parametrize(("spec", "shape", "dtype", "varies", "message"), REFUSED, ids=[r[4] for r in REFUSED])
def test_what_has_no_c_is_refused_by_name_with_a_way_out(
    spec: str, shape: tuple[int, ...], dtype: str, varies: Any, message: str
) -> None:
    with pytest.raises(UnsupportedOp, match=message) as caught:
        emit_chain(Chain.parse(spec).steps, "x", shape, dtype, varies=varies)
    assert caught.value.hint


def test_a_step_without_c_is_refused_by_name() -> None:
    @dataclass(frozen=True)
    class Polish(Step):
        name = "polish"
        kind = "pre"

        def run(self, value: Any, context: Context) -> Any:
            return value

    with pytest.raises(UnsupportedOp, match="step 1: polish is not supported by target c"):
        emit_chain((Polish(),), "x", (3,), "float32")


def test_a_model_input_of_another_shape_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match=r"quantise: from the shape \[4, 4, 3\]"):
        emit_chain((), "x", (4, 4, 3), "uint8", border=Border((1, 8, 8, 3), "int8", scale=1.0))


def test_pixels_for_a_quantised_model_take_no_memory_and_no_table() -> None:
    steps = Chain.parse("resize:96x96,normalise:std=255").steps
    target = Border((1, 96, 96, 3), "int8", scale=1 / 255, zero_point=-128)
    chain = emit_chain(steps, "x", (120, 160, 3), "uint8", border=target)
    assert chain.memory <= 2 * 96 * 3 * 4 + 16
    assert not any(constant.data.size == 256 for constant in chain.constants)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_codes_are_those_of_a_session(dtype: str) -> None:
    generator = np.random.default_rng(1)
    for scale in (1 / 255, 0.584703, 1.0, 3e-5, 40.0):
        zero = int(generator.integers(-100, 100)) if dtype != "uint8" else int(generator.integers(0, 255))
        binding = Binding("x", "x", (4000,), dtype, "float32", (scale,), (zero,))
        values = (generator.integers(-70000, 70000, 4000) / 2 * np.float32(scale)).astype(np.float32)
        values[:4] = np.inf, -np.inf, 0.0, -0.0
        border = Border((4000,), dtype, scale=scale, zero_point=zero)
        np.testing.assert_array_equal(border.codes(values), quantize(values, binding))
