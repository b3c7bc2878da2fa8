"""Each rule of ``Program.check``, broken once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from limen.errors import ProgramError
from limen.program import Node, Port, Program, Quant, State, Tensor
from unit.program._builds import everything, op, relu, x

ACT = Node(op("Relu"), ("x",), ("y",), "act")
X, Y = x(2, 3), x(2, 3, name="y")


def two(**changes: Any) -> dict[str, Tensor]:
    """The tensors x and y, with others added or replaced."""
    return {"x": X, "y": Y, **changes}


def quantised(tensor: Tensor) -> Program:
    return relu(tensors=two(x=tensor))


def of_int8(*scale: float, zero: tuple[int, ...] | None = None, axis: int | None = None) -> Program:
    return quantised(x(2, 3, dtype="int8", quant=Quant(scale, zero or (0,) * len(scale), axis)))


STATE = State("s", np.zeros((2, 3), np.float32))
READ = Node(op("ReadVariable", state="s"), (), ("y",), "read")
ASSIGN = Node(op("AssignVariable", state="s"), ("x",), (), "assign")

BROKEN: dict[str, tuple[Program, str]] = {
    "a tensor under another name": (relu(tensors=two(z=x(1, name="w"))), "tensor 'z': is named 'w'"),
    "a tensor without a name": (relu(tensors=two(**{"": x(1, name="")})), "tensor '': is named ''"),
    "an unknown element type": (
        relu(tensors=two(z=x(1, dtype="int9", name="z"))),
        "z: element type 'int9' is not known",
    ),
    "a negative extent": (relu(tensors=two(z=x(-1, name="z"))), "z: shape (-1,) has a negative extent"),
    "seven dimensions": (relu(tensors=two(z=x(*[1] * 7, name="z"))), "more than 6 dimensions"),
    "too many elements": (relu(tensors=two(z=x(2**16, 2**16, name="z"))), "more than 2147483647 elements"),
    "a constant of another shape": (
        relu(tensors=two(z=Tensor("z", (2,), "int8", None, np.zeros(3, np.int8)))),
        "z: declared int8[2], holds int8",
    ),
    "a constant of another type": (
        relu(tensors=two(z=Tensor("z", (3,), "int8", None, np.zeros(3, np.uint8)))),
        "z: declared int8[3], holds uint8",
    ),
    "too few scales": (of_int8(0.1, axis=0), "x: 1 scales and 1 zero points, expected 2"),
    "two scales without an axis": (of_int8(0.1, 0.2), "x: 2 scales and 2 zero points, expected 1"),
    "zero points that do not pair": (of_int8(0.25, zero=(0, 1)), "1 scales and 2 zero points"),
    "scales along no axis": (of_int8(0.25, 0.25, axis=2), "scales run along axis 2"),
    "scales along a negative axis": (of_int8(0.25, 0.25, 0.25, axis=-1), "scales run along axis -1"),
    "a scale of 0": (of_int8(0.0), "not a positive float32"),
    "an infinite scale": (of_int8(float("inf")), "not a positive float32"),
    "a scale that is no float32": (of_int8(0.1), "not a positive float32"),
    "a quantised float": (quantised(x(2, 3, quant=Quant.per_tensor(0.5))), "float32 cannot be quantised"),
    "a zero point outside": (of_int8(0.5, zero=(128,)), "a zero point lies outside int8"),
    "two states of one name": (relu(states=(STATE, STATE)), "state 's': the name is empty or used twice"),
    "a state of an unknown type": (
        relu(states=(State("s", np.zeros(1, complex)),)),
        "state s: element type complex128",
    ),
    "a state with a bad scale": (
        relu(states=(State("s", np.zeros(1, np.int8), Quant((-1.0,), (0,))),)),
        "s: a scale is not a positive float32",
    ),
    "an input of no tensor": (relu(inputs=(Port("in", "z"),)), "input in: tensor z does not exist"),
    "an output of no tensor": (relu(outputs=(Port("out", "z"),)), "output out: tensor z does not exist"),
    "two inputs of one name": (
        relu(inputs=(Port("in", "x"), Port("in", "y"))),
        "input 'in': the name is empty or used",
    ),
    "an input without a name": (relu(inputs=(Port("", "x"),)), "input '': the name is empty"),
    "two inputs of one tensor": (relu(inputs=(Port("a", "x"), Port("b", "x"))), "input tensor 'x'"),
    "two outputs of one name": (relu(outputs=(Port("o", "x"), Port("o", "y"))), "output 'o'"),
    "a permutation of another rank": (relu(inputs=(Port("in", "x", (0,)),)), "permutation (0,) does not fit"),
    "no permutation": (relu(outputs=(Port("out", "y", (0, 0)),)), "permutation (0, 0) does not fit"),
    "a constant as input": (
        relu(tensors=two(x=Tensor.constant("x", np.zeros((2, 3), np.float32)))),
        "input in: tensor x is a constant",
    ),
    "too many operands": (
        relu(nodes=(Node(op("Relu"), ("x", "x"), ("y",), "act"),)),
        "act: Relu takes 1 to 1 inputs, got 2",
    ),
    "a node without a name": (
        relu(nodes=(Node(op("Relu"), ("x", "x"), ("y",)),)),
        "node 0 (Relu): Relu takes 1 to 1 inputs, got 2",
    ),
    "a required operand left out": (
        relu(nodes=(Node(op("Relu"), ("",), ("y",), "act"),)),
        "act: input 0 (input) is absent",
    ),
    "an operand that does not exist": (
        relu(nodes=(Node(op("Relu"), ("z",), ("y",), "act"),)),
        "act: reads z, which does not exist",
    ),
    "an operand from later on": (
        relu(
            tensors=two(z=x(2, 3, name="z")),
            nodes=(Node(op("Relu"), ("z",), ("y",), "act"), Node(op("Relu"), ("x",), ("z",), "late")),
        ),
        "act: reads z before it is written",
    ),
    "a result that does not exist": (
        relu(nodes=(Node(op("Relu"), ("x",), ("z",), "act"),)),
        "act: writes z, which does not exist",
    ),
    "a result written twice": (
        relu(nodes=(ACT, Node(op("Relu"), ("x",), ("y",), "again"))),
        "again: writes y, which is written already",
    ),
    "one result twice in a node": (
        relu(
            tensors={"x": x(2, 2), "y": x(2, 1, name="y")},
            nodes=(Node(op("Split", axis=1, parts=2), ("x",), ("y", "y"), "split"),),
        ),
        "split: writes y, which is written already",
    ),
    "an input overwritten": (relu(nodes=(Node(op("Relu"), ("x",), ("x",), "act"),)), "act: writes x, which is written"),
    "too few results": (
        relu(
            tensors={"x": x(2, 2), "y": x(2, 1, name="y")},
            nodes=(Node(op("Split", axis=1, parts=2), ("x",), ("y",), "split"),),
        ),
        "split: Split has 2 outputs, 1 are named",
    ),
    "a result of another shape": (
        relu(tensors=two(y=x(3, 2, name="y"))),
        "act: y is float32[3, 2], the shape rule says float32[2, 3]",
    ),
    "a result of another type": (
        relu(tensors=two(y=x(2, 3, dtype="int8", name="y", quant=Quant.per_tensor(0.5)))),
        "act: y is int8[2, 3], the shape rule says float32[2, 3]",
    ),
    "what the operator refuses": (
        relu(nodes=(Node(op("Reshape", shape=(7,)), ("x",), ("y",), "view"),)),
        "view: x (2, 3) does not reshape to (7,)",
    ),
    "types that the operator's kernels do not take": (
        relu(
            tensors={"x": x(2, dtype="int8"), "y": x(2, dtype="int8", name="y")},
            nodes=(Node(op("Exp"), ("x",), ("y",), "exp"),),
        ),
        "exp: input x is int8 and the kernel needs a scale and zero point",
    ),
    "an attribute of another type": (
        relu(nodes=(Node(op("Reshape", shape=[2, 3]), ("x",), ("y",), "view"),)),
        "view: Reshape: attribute shape is [2, 3], expected tuple[int, ...]",
    ),
    "an attribute outside its set": (
        relu(nodes=(Node(op("Add", activation="selu"), ("x", "x"), ("y",), "add"),)),
        "add: Add: attribute activation is 'selu', expected Literal",
    ),
    "a truth value for a number": (
        relu(nodes=(Node(op("Softmax", beta=True), ("x",), ("y",), "act"),)),
        "act: Softmax: attribute beta is True, expected float",
    ),
    "a tuple of another length": (
        relu(nodes=(Node(op("ResizeNearest", size=(1, 2, 3)), ("x",), ("y",), "r"),)),
        "r: ResizeNearest: attribute size is (1, 2, 3), expected tuple[int, int]",
    ),
    "an output that is never written": (
        relu(tensors=two(z=x(1, name="z")), outputs=(Port("out", "z"),)),
        "output out: tensor z is never written",
    ),
    "a read of no state": (relu(nodes=(READ,)), "read: state 's' does not exist"),
    "an assign to no state": (relu(nodes=(ACT, ASSIGN)), "assign: state 's' does not exist"),
    "a read of another shape": (
        relu(nodes=(READ,), states=(State("s", np.zeros((3, 2), np.float32)),)),
        "read: y is float32[2, 3], the shape rule says float32[3, 2]",
    ),
    "a read into nothing": (
        relu(nodes=(ACT, Node(op("ReadVariable", state="s"), (), (), "read")), states=(STATE,)),
        "read: ReadVariable has 1 outputs, 0 are named",
    ),
    "an assign of another type": (
        relu(nodes=(ACT, ASSIGN), states=(State("s", np.zeros((2, 3), np.int8)),)),
        "assign: assigns float32[2, 3] to state s, int8[2, 3]",
    ),
    "an assign of nothing": (
        relu(nodes=(ACT, Node(op("AssignVariable", state="s"), ("",), (), "assign")), states=(STATE,)),
        "assign: assigns nothing to state s",
    ),
    "a result of an assign": (
        relu(nodes=(Node(op("AssignVariable", state="s"), ("x",), ("y",), "assign"),), states=(STATE,)),
        "assign: AssignVariable has 0 outputs, 1 are named",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named(name: str) -> None:
    program, message = BROKEN[name]
    with pytest.raises(ProgramError) as caught:
        program.check()
    assert message in str(caught.value)


@pytest.mark.parametrize("program", [relu(), relu(nodes=(READ,), states=(STATE,)), everything()])
def test_a_good_program_is_returned(program: Program) -> None:
    assert program.check() is program


def test_an_unknown_type_suggests_a_known_one() -> None:
    with pytest.raises(ProgramError, match=r"did you mean .*int8"):
        relu(tensors=two(z=x(1, dtype="in8", name="z"))).check()


def test_scalars_and_empty_tensors_are_fine() -> None:
    for shape in ((), (0,), (2, 0)):
        tensors = {"x": x(*shape), "y": x(*shape, name="y")}
        relu(tensors=tensors).check()


def test_with_nodes_drops_what_nothing_uses() -> None:
    program = relu(tensors=two(z=x(1, name="z"), c=Tensor.constant("c", np.ones(3, np.float32)))).check()
    assert sorted(program.with_nodes(program.nodes).check().tensors) == ["x", "y"]


def test_the_graph_can_be_asked() -> None:
    program = everything()
    split = program.nodes[1]
    hidden = split.inputs[0]
    assert program.producers()[hidden] is program.nodes[0]
    assert program.consumers()[hidden] == [split]
    assert program.weight_bytes() == sum(t.nbytes for t in program.constants())
    assert program.cost().macs == 1 * 2 * 3 * 4 * 9
