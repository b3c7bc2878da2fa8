"""Passes on a Model: what they fold or recognise, that values stay equal, and that a second run does nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from limen.model import Model
from limen.model.passes.simplify import simplify
from limen.model.passes.unroll_recurrent import unroll_recurrent
from unit.model.graphs import Array, difference, model, types, weights

node = helper.make_node
X = {"x": [1, 4, 6, 5]}


def simplified(source: Model, tolerance: float = 2e-6) -> Model:
    result = simplify(source)
    assert difference(source, result) <= tolerance
    assert simplify(result) is result
    return result


def norm(channels: int) -> dict[str, Array]:
    return {
        "scale": weights(channels, seed=2),
        "shift": weights(channels, seed=3),
        "mean": weights(channels, seed=4),
        "var": np.abs(weights(channels, seed=5)) + 0.1,
    }


def batch_norm(source: str, result: str) -> object:
    return node("BatchNormalization", [source, "scale", "shift", "mean", "var"], [result])


def test_batch_norm_folds_into_the_convolution_before_it() -> None:
    nodes = [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]), batch_norm("c", "y")]
    result = simplified(model(nodes, X, {"y": None}, {"w": weights(8, 4, 3, 3), **norm(8)}))
    assert types(result) == ["Conv"]
    assert result.ir.graph.outputs[0].name == "y"


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_batch_norm_folds_into_a_grouped_transposed_convolution(groups: int) -> None:
    nodes = [node("ConvTranspose", ["x", "w", "b"], ["c"], strides=[2, 2], group=groups), batch_norm("c", "y")]
    constants = {"w": weights(4, 8 // groups, 3, 3), "b": weights(8), **norm(8)}
    assert types(simplified(model(nodes, X, {"y": None}, constants))) == ["ConvTranspose"]


def test_batch_norm_before_a_convolution_folds_where_nothing_is_padded() -> None:
    constants = {"w": weights(8, 2, 3, 3), **norm(4)}
    for pads, expected in (([0] * 4, ["Conv"]), ([1] * 4, ["BatchNormalization", "Conv"])):
        nodes = [batch_norm("x", "n"), node("Conv", ["n", "w"], ["y"], group=2, pads=pads)]
        assert types(simplified(model(nodes, X, {"y": None}, constants), 1e-5)) == expected


def test_a_matrix_product_takes_scale_and_shift_as_a_gemm() -> None:
    nodes = [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["a"]), node("Mul", ["a", "s"], ["y"])]
    constants = {"w": weights(6, 3), "b": weights(3), "s": np.asarray(2.5, np.float32)}
    assert types(simplified(model(nodes, {"x": [2, 6]}, {"y": [2, 3]}, constants))) == ["Gemm"]


def test_a_value_with_two_readers_is_not_folded_away() -> None:
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Mul", ["c", "s"], ["y"]), node("Relu", ["c"], ["z"])]
    constants = {"w": weights(8, 4, 3, 3), "s": np.asarray(2.0, np.float32)}
    assert types(simplified(model(nodes, X, {"y": None, "z": None}, constants))) == ["Conv", "Mul", "Relu"]


def test_pairs_of_transposes_around_elementwise_steps_vanish() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        node("Add", ["t", "b"], ["a"]),
        node("Clip", ["a", "low", "high"], ["k"]),
        node("Transpose", ["k"], ["u"], perm=[0, 3, 1, 2]),
        node("Conv", ["u", "v"], ["y"]),
    ]
    constants = {"w": weights(8, 4, 3, 3), "v": weights(2, 8, 1, 1), "b": weights(8)}
    constants |= {"low": np.asarray(0, np.float32), "high": np.asarray(6, np.float32)}
    assert types(simplified(model(nodes, X, {"y": None}, constants))) == ["Conv", "Clip", "Conv"]


def scalar(value: float) -> Array:
    return np.asarray(value, np.float32)


def expression(name: str) -> tuple[list[object], dict[str, Array]]:
    """An activation as exporters write it."""
    if name == "HardSwish":
        nodes = [
            node("Add", ["x", "three"], ["a"]),
            node("Clip", ["a", "zero", "six"], ["c"]),
            node("Mul", ["x", "c"], ["m"]),
            node("Div", ["m", "six"], ["y"]),
        ]
        return nodes, {"three": scalar(3), "zero": scalar(0), "six": scalar(6)}
    if name == "Gelu":
        nodes = [
            node("Div", ["x", "root"], ["d"]),
            node("Erf", ["d"], ["e"]),
            node("Add", ["e", "one"], ["a"]),
            node("Mul", ["x", "a"], ["m"]),
            node("Mul", ["m", "half"], ["y"]),
        ]
        return nodes, {"root": scalar(math.sqrt(2)), "one": scalar(1), "half": scalar(0.5)}
    nodes = [
        node("Pow", ["x", "cube"], ["p"]),
        node("Mul", ["p", "k"], ["q"]),
        node("Add", ["x", "q"], ["r"]),
        node("Mul", ["r", "root"], ["s"]),
        node("Tanh", ["s"], ["t"]),
        node("Add", ["t", "one"], ["a"]),
        node("Mul", ["half", "x"], ["h"]),
        node("Mul", ["h", "a"], ["y"]),
    ]
    constants = {"cube": scalar(3), "k": scalar(0.044715), "root": scalar(math.sqrt(2 / math.pi)), "one": scalar(1)}
    return nodes, {**constants, "half": scalar(0.5)}


@pytest.mark.parametrize(("name", "op"), [("HardSwish", "HardSwish"), ("Gelu", "Gelu"), ("GeluTanh", "Gelu")])
def test_a_decomposed_activation_is_recognised(name: str, op: str) -> None:
    nodes, constants = expression(name)
    assert types(simplified(model(nodes, {"x": [3, 7]}, {"y": [3, 7]}, constants))) == [op]


def test_an_activation_with_another_constant_is_left_alone() -> None:
    nodes, constants = expression("HardSwish")
    constants["three"] = scalar(2.5)
    assert "HardSwish" not in types(simplified(model(nodes, {"x": [3, 7]}, {"y": [3, 7]}, constants)))


def test_a_decomposed_layer_norm_is_recognised() -> None:
    nodes = [
        node("ReduceMean", ["x"], ["m"], axes=[-1]),
        node("Sub", ["x", "m"], ["d"]),
        node("Pow", ["d", "two"], ["q"]),
        node("ReduceMean", ["q"], ["v"], axes=[-1]),
        node("Add", ["v", "eps"], ["e"]),
        node("Sqrt", ["e"], ["r"]),
        node("Div", ["d", "r"], ["n"]),
        node("Mul", ["n", "g"], ["s"]),
        node("Add", ["s", "b"], ["y"]),
    ]
    constants = {"two": scalar(2), "eps": scalar(1e-5), "g": weights(7), "b": weights(7, seed=1)}
    assert types(simplified(model(nodes, {"x": [2, 3, 7]}, {"y": [2, 3, 7]}, constants))) == ["LayerNormalization"]


@given(
    op=st.sampled_from(["LSTM", "GRU", "RNN"]),
    direction=st.sampled_from(["forward", "reverse", "bidirectional"]),
    steps=st.integers(1, 4),
    batch=st.integers(1, 2),
    reset=st.integers(0, 1),
    stateful=st.booleans(),
)
def test_unrolled_recurrence_equals_the_operator(
    op: str, direction: str, steps: int, batch: int, reset: int, stateful: bool
) -> None:
    gates, many, hidden = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], 2 if direction == "bidirectional" else 1, 5
    constants = {
        "w": weights(many, gates * hidden, 3),
        "r": weights(many, gates * hidden, hidden, seed=1),
        "b": weights(many, 2 * gates * hidden, seed=2),
    }
    inputs = {"x": [steps, batch, 3]}
    names = ["x", "w", "r", "b"]
    if stateful:
        inputs["h"] = [many, batch, hidden]
        names += ["", "h"]
    settings = {"linear_before_reset": reset} if op == "GRU" else {}
    outputs = ["y", "last"] + (["cell"] if op == "LSTM" else [])
    nodes = [node(op, names, outputs, hidden_size=hidden, direction=direction, **settings)]
    source = model(nodes, inputs, dict.fromkeys(outputs), constants)
    unrolled = unroll_recurrent(source)
    assert op not in types(unrolled)
    assert difference(source, unrolled) < 1e-5
