"""Static shapes: dimensions by option, chains of Shape and Gather, branches, and what stays unknown."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from limen.errors import ModelError
from limen.model import StatePair, evaluate, from_proto, shape_of, static_shapes
from unit.model.graphs import model, proto, types, weights

SEQUENCE = [helper.make_node("Relu", ["x"], ["y"])]


def test_an_unknown_first_dimension_is_the_batch() -> None:
    read = static_shapes(from_proto(proto(SEQUENCE, {"x": ["N", 3]}, {"y": ["N", 3]})), batch=4)
    assert shape_of(read.ir.graph.inputs[0]) == (4, 3)


def test_a_named_dimension_is_given_by_name_or_place() -> None:
    source = from_proto(proto(SEQUENCE, {"x": ["N", "time"]}, {"y": ["N", "time"]}))
    for key in ("time", "x:1"):
        assert shape_of(static_shapes(source, {key: 9}).ir.graph.outputs[0]) == (1, 9)


def test_an_unknown_dimension_is_named_with_the_option_that_fixes_it() -> None:
    source = from_proto(proto(SEQUENCE, {"x": ["N", "time"]}, {"y": ["N", "time"]}))
    with pytest.raises(ModelError, match=r"dimension 1 \(time\) is not fixed \(give --dim time=N\)"):
        static_shapes(source)


def test_a_dimension_that_no_input_has_is_refused() -> None:
    with pytest.raises(ModelError, match="dimension 'tim'"):
        static_shapes(from_proto(proto(SEQUENCE, {"x": ["N", 3]}, {"y": ["N", 3]})), {"tim": 3})


def test_a_shape_computed_from_shapes_is_folded() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
        helper.make_node("Concat", ["n1", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"]),
    ]
    constants = {"zero": np.asarray(0), "axes": np.asarray([0]), "rest": np.asarray([-1])}
    read = model(nodes, {"x": ["N", 3, 4]}, {"y": None}, constants)
    assert types(read) == ["Reshape"]
    assert shape_of(read.ir.graph.outputs[0]) == (1, 12)


def branches(condition: list[str]) -> list[object]:
    def branch(name: str, op: str) -> object:
        value = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op, ["x"], ["inner"])], name, [], [value])

    return [helper.make_node("If", condition, ["y"], then_branch=branch("a", "Relu"), else_branch=branch("b", "Neg"))]


def test_an_if_with_a_known_condition_is_inlined_under_its_name() -> None:
    for value, op in ((True, "Relu"), (False, "Neg")):
        read = model(branches(["c"]), {"x": [2, 3]}, {"y": [2, 3]}, {"c": np.asarray(value)})
        assert types(read) == [op]
        assert read.ir.graph.outputs[0].name == "y"


def test_a_constant_input_takes_the_place_of_an_input() -> None:
    nodes = [helper.make_node("Add", ["x", "bias"], ["y"])]
    source = from_proto(proto(nodes, {"x": [2], "bias": [2]}, {"y": [2]}))
    read = static_shapes(source, constants={"bias": np.asarray([1, 2], np.float32)})
    assert [v.name for v in read.ir.graph.inputs] == ["x"]
    np.testing.assert_array_equal(evaluate(read, {"x": np.zeros(2, np.float32)})["y"], [1, 2])


def test_a_shape_that_depends_on_data_is_refused_by_name() -> None:
    nodes = [helper.make_node("NonZero", ["x"], ["n"]), helper.make_node("Cast", ["n"], ["y"], to=TensorProto.FLOAT)]
    with pytest.raises(ModelError, match=r"NonZero.*depends on data"):
        model(nodes, {"x": [2, 3]}, {"y": None})


def test_states_start_at_zero_and_must_fit() -> None:
    nodes = [helper.make_node("Add", ["x", "h"], ["y"]), helper.make_node("Relu", ["y"], ["next"])]
    source = from_proto(proto(nodes, {"x": [1, 4], "h": [1, 4]}, {"y": [1, 4], "next": [1, 4]}))
    read = static_shapes(source.with_states((StatePair("h", "next"),)))
    assert read.states[0].initial is not None
    np.testing.assert_array_equal(read.states[0].initial, np.zeros((1, 4)))
    with pytest.raises(ModelError, match="initial value of shape"):
        static_shapes(source.with_states((StatePair("h", "next", weights(3)),)))


def test_a_huge_constant_is_not_folded() -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["big"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["s"], keepdims=0),
        helper.make_node("Add", ["x", "s"], ["y"]),
    ]
    read = model(nodes, {"x": [2]}, {"y": [2]}, {"big": np.asarray([1 << 14, 1 << 14])})
    assert "ConstantOfShape" in types(read)
