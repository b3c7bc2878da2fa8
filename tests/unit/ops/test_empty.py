"""Tensors without elements go through, or are refused in words; nothing raises from numpy."""

from __future__ import annotations

import numpy as np
import pytest

from limen.errors import ProgramError
from limen.program import OPS, Node, Op, Port, Program, Quant, Tensor, run

Q = Quant.per_tensor(0.1)


def program(made: Op, *inputs: Tensor) -> Program:
    (found,) = made.infer(inputs)
    y = Tensor("y", found.shape, found.dtype, Q if found.dtype == "int8" else None)
    feeds = tuple(Port(t.name, t.name) for t in inputs if t.data is None)
    node = Node(made, tuple(t.name for t in inputs), ("y",), "node")
    return Program("empty", {t.name: t for t in (*inputs, y)}, (node,), feeds, (Port("y", "y"),)).check()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(
    ("name", "shape", "weights"),
    [
        ("Conv2D", (0, 4, 4, 2), (3, 1, 1, 2)),
        ("DepthwiseConv2D", (0, 4, 4, 2), (1, 2, 2, 2)),
        ("TransposeConv", (0, 1, 1, 2), (3, 1, 1, 2)),
        ("FullyConnected", (0, 2), (3, 2)),
        ("BatchMatMul", (0, 4, 2), (2, 3)),
        ("Add", (0, 2), (2,)),
        ("Relu6", (0, 2), None),
        ("AveragePool2D", (0, 4, 4, 2), None),
    ],
)
def test_an_empty_batch_gives_an_empty_result(
    name: str, shape: tuple[int, ...], weights: tuple[int, ...] | None, dtype: str
) -> None:
    quant = Q if dtype == "int8" else None
    constants = [] if weights is None else [Tensor.constant("w", np.ones(weights, dtype), quant)]
    made = program(OPS[name](), Tensor("x", shape, dtype, quant), *constants)  # type: ignore[arg-type]
    (result,) = run(made, {"x": np.zeros(shape, dtype)}).values()
    assert result.size == 0


@pytest.mark.parametrize("name", ["FullyConnected", "BatchMatMul", "TransposeConv", "Conv2D"])
def test_an_empty_batch_goes_through_a_hybrid_kernel(name: str) -> None:
    shapes = {"FullyConnected": ((0, 2), (3, 2)), "BatchMatMul": ((0, 4, 2), (2, 3))}
    shape, weights = shapes.get(name, ((0, 1, 1, 2), (3, 1, 1, 2)))
    constant = Tensor.constant("w", np.ones(weights, np.int8), Q)
    made = program(OPS[name](), Tensor("x", shape, "float32"), constant)
    (result,) = run(made, {"x": np.zeros(shape, np.float32)}).values()
    assert result.size == 0


@pytest.mark.parametrize("name", ["Mean", "ReduceMax", "ReduceMin"])
def test_the_mean_and_extremes_of_nothing_are_refused(name: str) -> None:
    with pytest.raises(ProgramError, match="no elements"):
        program(OPS[name](axes=(0,)), Tensor("x", (0, 2), "float32"))


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax"])
def test_a_softmax_over_nothing_is_refused(name: str) -> None:
    with pytest.raises(ProgramError, match="no last axis"):
        program(OPS[name](), Tensor("x", (2, 0), "float32"))
