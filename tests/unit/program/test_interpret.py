"""Running a Program: what the interpreter asks of its feeds, and what it promises about values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from limen.errors import DataError, ProgramError
from limen.program import Array, Node, Op, Operands, Port, Program, Tensor, TensorType, initial_states, run
from unit.program._builds import everything, feeds, op, relu, x

ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "x: no value was given for this input"),
        ({"x": ONES, "z": ONES}, "z: p has no such input"),
        ({"x": ONES[:1]}, r"x: got float32\[1, 3\], expected float32\[2, 3\]"),
        ({"x": ONES.astype(np.float64)}, r"x: got float64\[2, 3\], expected float32\[2, 3\]"),
        ({"x": 1.0}, r"x: got float64\[\], expected"),
    ],
)
def test_feeds_must_fit(given: dict[str, Array], message: str) -> None:
    with pytest.raises(DataError, match=message):
        run(relu().check(), given)


@dataclass(frozen=True)
class Broken(Op):
    """Says one type and returns another."""

    name = "Broken"

    def infer(self, inputs: Sequence[Tensor | None]) -> tuple[TensorType, ...]:
        return (TensorType((2, 3), "float32"),)

    def reference(self, inputs: Sequence[Array | None], operands: Operands) -> tuple[Array, ...]:
        return (np.zeros((2, 3), np.float64),)


def test_a_reference_that_breaks_its_word_is_named() -> None:
    program = relu(nodes=(Node(Broken(), ("x",), ("y",), "bad"),)).check()
    with pytest.raises(ProgramError, match=r"bad: the reference returned float64\[2, 3\] for y, declared float32"):
        run(program, {"x": ONES})


def test_results_are_arrays_even_of_scalars() -> None:
    tensors = {"a": x(name="a"), "b": x(name="b"), "y": x(dtype="bool", name="y")}
    node = Node(op("Less"), ("a", "b"), ("y",), "less")
    program = relu(tensors=tensors, nodes=(node,), inputs=(Port("a", "a"), Port("b", "b"))).check()
    result = run(program, {"a": np.float32(1), "b": np.float32(2)})["y"]  # type: ignore[dict-item]
    assert isinstance(result, np.ndarray)
    assert result.shape == ()
    assert result


def test_the_tap_sees_every_computed_tensor_in_order() -> None:
    program = everything()
    seen: list[str] = []
    run(program, feeds(program), tap=lambda name, value: seen.append(name))
    assert seen == [name for node in program.nodes for name in node.outputs]


def test_inputs_constants_and_states_are_not_written() -> None:
    program = everything()
    given, states = feeds(program), initial_states(program)
    before = given[program.inputs[0].tensor].copy()
    run(program, given, states)
    np.testing.assert_array_equal(given[program.inputs[0].tensor], before)
    assert np.all(program.states[0].initial == -5)
    assert not np.all(states[program.states[0].name] == -5)
    assert not any(t.data.flags.writeable for t in program.constants() if t.data is not None)


def test_an_assigned_state_is_a_copy() -> None:
    tensors = {"x": x(2, 3)}
    node = Node(op("AssignVariable", state="s"), ("x",), (), "assign")
    state = everything().states[0]
    program = relu(
        tensors=tensors, nodes=(node,), outputs=(), states=(replace(state, name="s", initial=0 * ONES, quant=None),)
    ).check()
    states, value = initial_states(program), ONES.copy()
    run(program, {"x": value}, states)
    value[:] = 7
    np.testing.assert_array_equal(states["s"], ONES)


def test_an_output_may_be_an_input_or_a_constant() -> None:
    constant = Tensor.constant("c", 2 * ONES)
    ports = (Port("same", "x"), Port("c", "c"), Port("y", "y"))
    program = relu(tensors={"x": x(2, 3), "y": x(2, 3, name="y"), "c": constant}, outputs=ports).check()
    result = run(program, {"x": -ONES})
    assert [float(result[n].flat[0]) for n in ("x", "c", "y")] == [-1, 2, 0]


def test_a_sequence_gives_what_single_runs_with_its_states_give() -> None:
    program = everything()
    states = initial_states(program)
    out = program.outputs[0].tensor
    first = run(program, feeds(program, 1), states)[out]
    second = run(program, feeds(program, 2), states)[out]
    assert np.all(first[:, 1:-1] == -5)
    assert not np.array_equal(first, second)
    again = initial_states(program)
    run(program, feeds(program, 1), again)
    np.testing.assert_array_equal(run(program, feeds(program, 2), again)[out], second)


def test_a_program_without_nodes_runs() -> None:
    program = Program("none", {"x": x(2, 3)}, (), (Port("x", "x"),), (Port("y", "x"),)).check()
    np.testing.assert_array_equal(run(program, {"x": ONES})["x"], ONES)
