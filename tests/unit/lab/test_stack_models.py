"""The stack bound of whole models and of operators: never below what a run takes, at most a quarter above."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance._ops_c import draw_operator, split_refused, together
from conformance._ops_harness import families, feeds_of
from limen import devices, lab
from limen.build.source import open_source
from limen.lab._build import build_image
from limen.lab._machine import Machine
from limen.lab._stack import stack_bound
from limen.program import Array, Program
from limen.targets.c import generate

pytest.importorskip("ziglang", reason="ziglang is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")

DEVICES = ("cortex-m0plus", "cortex-m4", "cortex-m33", "rv32imc")
LARGE_TOO = ("cortex-m4", "rv32imc")
MODELS = ("ad01", "ic_resnet8", "kws_dscnn", "vww")
SMALLEST = "kws_dscnn"
OPERATORS = (
    "Conv2D", "DepthwiseConv2D", "FullyConnected", "TransposeConv", "Add", "Mul", "AveragePool2D", "MaxPool2D", "Mean",
    "Softmax", "Logistic", "ResizeBilinear", "Pad", "Transpose",
)  # fmt: skip

ALIGNMENT = 16
"""Bytes to which RV32's calling convention rounds a frame; what pads it is taken but never written, so not measured."""


def assert_close(program: Program, device: str, feed: dict[str, Array], stream: str = "off") -> None:
    built = build_image(generate(program, devices.get(device), stream=stream))  # type: ignore[arg-type]
    machine = Machine(built)
    try:
        used = machine.invoke(feed).stack
    finally:
        machine.close()
    bound = stack_bound(built)
    assert bound.bytes is not None, bound.reason
    assert 0 < used <= bound.bytes
    assert bound.bytes <= 1.25 * used or bound.bytes - used < ALIGNMENT


@pytest.mark.parametrize(
    ("model", "device"), [(m, d) for m in MODELS for d in DEVICES if d in LARGE_TOO or m == SMALLEST]
)
def test_the_bound_of_a_model_is_close_to_what_it_takes(model: str, device: str, shared: Path) -> None:
    program = open_source(shared / "models" / "mlperf-tiny" / f"{model}_int8.tflite").require_program()
    assert_close(program, device, lab.sample_inputs(program, 1)[0])


@pytest.mark.parametrize("device", DEVICES)
def test_the_bound_of_rows_that_stream_is_close_to_what_they_take(device: str, shared: Path) -> None:
    program = open_source(shared / "models" / "mlperf-tiny" / "kws_dscnn_int8.tflite").require_program()
    assert_close(program, device, lab.sample_inputs(program, 1)[0], "push")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", [n for n in OPERATORS if n in families()])
def test_the_bound_of_an_operator_is_close_to_what_it_takes(name: str, device: str) -> None:
    taken, _ = split_refused(draw_operator(name, 1), devices.get(device), "portable")
    drawn = [replace(item, prefix=f"{name.lower()}_{item.prefix}") for item in taken if not item.case.program.states]
    feeds: dict[str, Array] = {}
    for item in drawn:
        feed = next(iter(feeds_of(item.case, item.seed)))
        feeds.update({item.prefix + tensor: np.asarray(value) for tensor, value in feed.items()})
    assert drawn
    assert_close(together(drawn), device, feeds)
