"""Whole models equal LiteRT's reference kernels: the MLPerf Tiny models, int8 to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from conformance._models import FLOAT, INT8, content, inputs, output, program

# Largest difference of a float output, in units in the last place of the largest output: sums in another order.
FLOAT_ULPS = 64


def reference(data: bytes) -> Interpreter:
    interpreter = Interpreter(
        model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1
    )
    interpreter.allocate_tensors()
    return interpreter


def run(interpreter: Interpreter, value: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("name", INT8)
def test_an_int8_model_equals_the_reference_kernels(shared: Path, name: str) -> None:
    judge, made = reference(content(shared, name)), program(shared, name)
    for value in inputs(made.input_tensors()[0]):
        np.testing.assert_array_equal(output(made, value), run(judge, value))


@pytest.mark.parametrize("name", FLOAT)
def test_a_float_model_is_within_rounding_of_the_reference_kernels(shared: Path, name: str) -> None:
    judge, made = reference(content(shared, name)), program(shared, name)
    for index, value in enumerate(inputs(made.input_tensors()[0])):
        if index % 5 == 0:
            wanted = run(judge, value)
            unit = np.abs(wanted).max() * np.finfo(np.float32).eps
            assert np.abs(output(made, value) - wanted).max() <= FLOAT_ULPS * unit
