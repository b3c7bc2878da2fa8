"""Variables: what one run stores, the next one reads. The cases' feeds are a sequence of runs."""

from __future__ import annotations

from conformance._cases.elementwise import ANY, whole_range
from conformance._ops_harness import Case, Draw, Family, op, tensor
from limen.program import Node, Port, Program, State


def delay(draw: Draw, dtype: str) -> Case:
    """y = state; state = x: every run gives the run before's input, the first one the initial value."""
    shape, quant = draw.shape(0, 4), draw.quant(dtype)
    state = State("s", draw.values(shape, dtype, 0, 9), quant)
    x, y = tensor("x", shape, dtype, quant), tensor("y", shape, dtype, quant)
    nodes = (
        Node(op("ReadVariable", state="s"), (), ("y",), "read"),
        Node(op("AssignVariable", state="s"), ("x",), (), "assign"),
    )
    program = Program("delay", {"x": x, "y": y}, nodes, (Port("x", "x"),), (Port("y", "y"),), (state,)).check()
    return Case(program, integers=whole_range(dtype), special=True)


def ring(draw: Draw, dtype: str) -> Case:
    """The window of a streaming model: join the state and new rows, keep the last rows, also when read again."""
    kept, new, width = draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 4)
    quant = draw.quant(dtype)
    state = State("ring", draw.values((1, kept, width), dtype, 0, 9), quant)
    shapes = {"old": kept, "x": new, "window": kept + new, "last": kept, "again": kept}
    tensors = {name: tensor(name, (1, rows, width), dtype, quant) for name, rows in shapes.items()}
    nodes = (
        Node(op("ReadVariable", state="ring"), (), ("old",), "read"),
        Node(op("Concatenation", axis=1), ("old", "x"), ("window",), "join"),
        Node(op("Slice", begin=(0, new, 0), size=(1, kept, width)), ("window",), ("last",), "keep"),
        Node(op("AssignVariable", state="ring"), ("last",), (), "assign"),
        Node(op("ReadVariable", state="ring"), (), ("again",), "read_again"),
    )
    outputs = (Port("window", "window"), Port("again", "again"))
    program = Program("ring", tensors, nodes, (Port("x", "x"),), outputs, (state,)).check()
    return Case(program, integers=whole_range(dtype), special=True)


STORED = tuple(dtype for dtype in ANY if dtype != "float64")
JOINED = ("float32", "float16", "int8", "uint8", "int16", "int32", "uint32", "int64", "bool")
FAMILIES = (Family("ReadVariable", STORED, delay), Family("AssignVariable", JOINED, ring))
