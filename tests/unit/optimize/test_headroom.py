"""Sums whose result is far narrower than what they add still have a kernel: the result's scale leaves it head-room."""

from __future__ import annotations

import numpy as np
import pytest

from limen.ops.add import Add
from limen.ops.fully_connected import FullyConnected
from limen.optimize import decode, quantize_program
from limen.optimize.judge import real_outputs
from limen.program import Array, Node, Port, Program, Tensor

WIDTH = 6


def cancelling(shrink: float) -> Program:
    """x [1,6] -> x W + x (shrink - W), so about shrink * x, W being the identity times 1000."""
    eye = np.eye(WIDTH, dtype=np.float32)
    constants = {"w": 1000 * eye, "v": (shrink - 1000) * eye, "z": 0 * eye}
    tensors = {n: Tensor.constant(n, v.astype(np.float32)) for n, v in constants.items()}
    tensors |= {n: Tensor(n, (1, WIDTH), "float32") for n in "xabcdy"}
    nodes = (
        Node(FullyConnected(), ("x", "w"), ("a",), "a"),
        Node(FullyConnected(), ("x", "v"), ("b",), "b"),
        Node(FullyConnected(), ("x", "z"), ("c",), "c"),
        Node(Add(), ("a", "b"), ("d",), "d"),
        Node(Add(), ("d", "c"), ("y",), "y"),
    )
    return Program("cancelling", tensors, nodes, (Port("x", "x"),), (Port("y", "y"),)).check()


@pytest.mark.parametrize("recipe", ["int8", "int16x8"])
@pytest.mark.parametrize("shrink", [0.0, 1e-4, 0.5])
def test_a_sum_that_cancels_quantises_and_errs_by_its_inputs_steps(recipe: str, shrink: float) -> None:
    program = cancelling(shrink)
    rng = np.random.default_rng(3)
    feeds: list[dict[str, Array]] = [{"x": rng.uniform(-1, 1, (1, WIDTH)).astype(np.float32)} for _ in range(16)]
    quantised = quantize_program(program, decode(recipe), feeds)
    step = 1000 / (127 if recipe == "int8" else 32767)
    (got,) = real_outputs(quantised.program, feeds)
    wanted = np.stack([shrink * feed["x"] for feed in feeds])
    assert np.abs(got - wanted).max() <= 4 * step
