"""Programs with states against LiteRT over whole sequences of runs: order of reads and assigns, persistence, reset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance._ops_harness import Draw, LiteRT, op, tensor
from limen.program import Array, Node, Port, Program, State, initial_states, run

SHAPE = (2, 3)
NAMES = ("a", "b")
Step = tuple[str, str, str]

# One step of a random Program: what it does, on which state, with which earlier value.
STEP = st.tuples(st.sampled_from(("read", "assign", "add")), st.sampled_from(NAMES), st.sampled_from(("x", "last")))


def program(steps: list[Step], initial: dict[str, Array]) -> Program:
    """Runs the steps in order; every value that a step makes is an output."""
    tensors, nodes, last = {"x": tensor("x", SHAPE, "float32")}, [], "x"
    for number, (what, state, source) in enumerate(steps):
        name = f"v{number}"
        value = last if source == "last" else "x"
        if what == "assign":
            nodes.append(Node(op("AssignVariable", state=state), (value,), (), f"n{number}"))
            continue
        tensors[name] = tensor(name, SHAPE, "float32")
        if what == "read":
            nodes.append(Node(op("ReadVariable", state=state), (), (name,), f"n{number}"))
        else:
            nodes.append(Node(op("Add"), (value, last), (name,), f"n{number}"))
        last = name
    outputs = tuple(Port(name, name) for name in tensors if name != "x") or (Port("x_out", "x"),)
    states = tuple(State(name, initial[name]) for name in NAMES)
    return Program("sequence", tensors, tuple(nodes), (Port("x", "x"),), outputs, states).check()


@settings(max_examples=60)
@given(st.lists(STEP, min_size=1, max_size=10), st.integers(0, 2**32 - 1))
def test_a_sequence_of_runs_equals_litert(steps: list[Step], seed: int) -> None:
    draw = Draw(seed)
    made = program(steps, {name: draw.values(SHAPE, "float32") for name in NAMES})
    litert, states = LiteRT(made), initial_states(made)
    for _ in range(4):
        feeds = {"x": draw.values(SHAPE, "float32")}
        wanted = litert.run(feeds)
        got = run(made, feeds, states)
        for port, value in zip(made.outputs, wanted, strict=True):
            np.testing.assert_array_equal(got[port.tensor], value)


@pytest.fixture
def counter() -> Program:
    """y = state + x; state = y."""
    tensors = {name: tensor(name, SHAPE, "float32") for name in ("x", "old", "y")}
    nodes = (
        Node(op("ReadVariable", state="sum"), (), ("old",), "read"),
        Node(op("Add"), ("old", "x"), ("y",), "add"),
        Node(op("AssignVariable", state="sum"), ("y",), (), "assign"),
    )
    state = State("sum", np.full(SHAPE, 5, np.float32))
    return Program("counter", tensors, nodes, (Port("x", "x"),), (Port("y", "y"),), (state,)).check()


ONE = {"x": np.ones(SHAPE, np.float32)}


def test_a_state_persists_from_its_initial_value(counter: Program) -> None:
    litert, states = LiteRT(counter), initial_states(counter)
    for wanted in (6, 7, 8):
        assert np.all(litert.run(ONE)[0] == wanted)
        assert np.all(run(counter, ONE, states)["y"] == wanted)
        assert np.all(states["sum"] == wanted)


def test_a_reset_gives_the_initial_value_again(counter: Program) -> None:
    states = initial_states(counter)
    run(counter, ONE, states)
    assert np.all(run(counter, ONE, initial_states(counter))["y"] == 6)
    assert np.all(LiteRT(counter).run(ONE)[0] == 6)


def test_without_states_every_run_starts_afresh(counter: Program) -> None:
    assert np.all(run(counter, ONE)["y"] == 6)
    assert np.all(run(counter, ONE)["y"] == 6)


def test_what_a_caller_holds_is_not_written_by_a_later_run(counter: Program) -> None:
    states = initial_states(counter)
    first = run(counter, ONE, states)["y"]
    run(counter, ONE, states)
    assert np.all(first == 6)


def test_reset_all_variables_leaves_resource_variables_alone(counter: Program) -> None:
    """LiteRT's own reset does not reach them, which is why the engine makes a new interpreter instead."""
    litert = LiteRT(counter)
    litert.run(ONE)
    litert._interpreter.reset_all_variables()
    assert np.all(litert.run(ONE)[0] == 7)
