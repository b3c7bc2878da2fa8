"""Reordering of branches: never a higher peak, the same outputs, effects in their order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limen.ops.add import Add
from limen.ops.concatenation import Concatenation
from limen.ops.mean import Mean
from limen.ops.tile import Tile
from limen.program import Node, Port, Program, Tensor, run
from limen.targets.c._order import order_nodes


def branches(first: int, second: int) -> Program:
    """Two branches that blow a row up and average it again, written so that both are blown up first."""
    table = {"x": Tensor("x", (1, 8), "float32")}
    nodes = []
    for name, times in (("a", first), ("b", second)):
        table[name] = Tensor(name, (times, 8), "float32")
        nodes.append(Node(Tile(multiples=(times, 1)), ("x",), (name,)))
    for name in ("a", "b"):
        table[f"{name}m"] = Tensor(f"{name}m", (1, 8), "float32")
        nodes.append(Node(Mean(axes=(0,), keep_dims=True), (name,), (f"{name}m",)))
    table["y"] = Tensor("y", (1, 8), "float32")
    nodes.append(Node(Add(), ("am", "bm"), ("y",)))
    return Program("branches", table, tuple(nodes), (Port("x", "x"),), (Port("y", "y"),)).check()


def peak(program: Program) -> int:
    """Bytes alive at the worst moment, counted anew."""
    last = {name: i for i, node in enumerate(program.nodes) for name in node.inputs}
    end = len(program.nodes)
    last |= {p.tensor: end for p in program.outputs}
    made = {p.tensor: -1 for p in program.inputs} | {n: i for i, node in enumerate(program.nodes) for n in node.outputs}
    return max(
        sum(program.tensors[n].nbytes for n in made if made[n] <= time <= last.get(n, made[n])) for time in range(end)
    )


@given(st.integers(1, 40), st.integers(1, 40))
def test_the_peak_never_rises_and_outputs_stay(first: int, second: int) -> None:
    program = branches(first, second)
    ordered = order_nodes(program)
    assert peak(ordered) <= peak(program)
    feed = {"x": np.arange(8, dtype=np.float32).reshape(1, 8)}
    np.testing.assert_array_equal(run(ordered, feed)["y"], run(program, feed)["y"])


def test_a_branch_is_finished_before_the_next_begins() -> None:
    program = branches(30, 30)
    assert peak(program) == 32 * (1 + 30 + 30)
    assert peak(order_nodes(program)) == 32 * (1 + 30 + 1)


def test_a_chain_is_the_same_object() -> None:
    table = {n: Tensor(n, (1, 8), "float32") for n in ("x", "y")}
    nodes = (Node(Concatenation(axis=0), ("x",), ("y",)),)
    program = Program("chain", table, nodes, (Port("x", "x"),), (Port("y", "y"),)).check()
    assert order_nodes(program) is program
