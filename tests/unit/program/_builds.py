"""Small Programs that the tests of the core share."""

from __future__ import annotations

from typing import Any

import numpy as np

from limen.program import OPS, Array, Node, Op, Port, Program, Quant, State, Tensor


def op(name: str, **attributes: Any) -> Op:
    return OPS[name](**attributes)


def x(*shape: int, dtype: Any = "float32", name: str = "x", quant: Quant | None = None) -> Tensor:
    return Tensor(name, shape, dtype, quant)


def relu(**changes: Any) -> Program:
    """x -> Relu -> y, with any field of the Program replaced; not checked."""
    fields: dict[str, Any] = {
        "name": "p",
        "tensors": {"x": x(2, 3), "y": x(2, 3, name="y")},
        "nodes": (Node(op("Relu"), ("x",), ("y",), "act"),),
        "inputs": (Port("in", "x"),),
        "outputs": (Port("out", "y"),),
    }
    return Program(**{**fields, **changes})


def everything(names: list[str] | None = None) -> Program:
    """Constants of all kinds, per-channel scales, several outputs, a state, permutations: all that a file can hold.

    Args:
        names: of the tensors, nodes, ports and the state, in order; repeated from the start where too few.
    """
    taken = iter(names or [f"t{i}" for i in range(40)])
    given = {
        key: next(taken) for key in ("p", "x", "w", "b", "c", "s", "h", "l", "r", "old", "n", "in", "out", "state")
    }
    weights = np.arange(-18, 18, dtype=np.int8).reshape(4, 1, 1, 9)
    scale = np.array([0.1, 0.2, 1e-7, 7.5])
    xq, yq = Quant.per_tensor(0.1, -3), Quant.per_tensor(0.25, 127)
    tensors = [
        Tensor(given["x"], (1, 2, 3, 9), "int8", xq),
        Tensor.constant(given["w"], weights, Quant.per_channel(scale, 0)),
        Tensor.constant(given["b"], np.array([1, -2, 2**31 - 1, -(2**31)], np.int32), None),
        Tensor.constant(given["c"], np.array(3, np.int8), yq),
        Tensor(given["h"], (1, 2, 3, 4), "int8", yq),
        Tensor(given["l"], (1, 2, 3, 2), "int8", yq),
        Tensor(given["r"], (1, 2, 3, 2), "int8", yq),
        Tensor(given["old"], (1, 2, 3, 2), "int8", yq),
        Tensor(given["n"], (1, 4, 3, 2), "int8", yq),
    ]
    nodes = (
        Node(op("Conv2D", activation="relu6"), (given["x"], given["w"], given["b"]), (given["h"],), given["in"]),
        Node(op("Split", axis=3, parts=2), (given["h"],), (given["l"], given["r"])),
        Node(op("ReadVariable", state=given["state"]), (), (given["old"],), given["out"]),
        Node(op("AssignVariable", state=given["state"]), (given["r"],), (), given["p"]),
        Node(op("PadV2", paddings=((0, 0), (1, 1), (0, 0), (0, 0))), (given["old"], given["c"]), (given["n"],)),
    )
    state = State(given["state"], np.full((1, 2, 3, 2), -5, np.int8), yq)
    return Program(
        given["p"],
        {t.name: t for t in tensors},
        nodes,
        (Port(given["in"], given["x"], (0, 2, 3, 1)),),
        (Port(given["out"], given["n"], (0, 3, 1, 2)), Port(given["l"], given["l"], None, "int8")),
        (state,),
        {"labels": "a\nb", given["s"]: given["s"]},
    ).check()


def feeds(program: Program, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {t.name: rng.integers(-100, 100, t.shape).astype(t.dtype) for t in program.input_tensors()}
