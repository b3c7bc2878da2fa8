"""Let a reduction drop its axes itself where only a Reshape that drops them reads it."""

from __future__ import annotations

from dataclasses import replace

from limen.lower.passes._edit import readers
from limen.program import Node, Program

_REDUCTIONS = ("Mean", "Sum", "ReduceMax", "ReduceMin", "ReduceProd")


def fuse_reduction(program: Program) -> Program:
    """reduce(keep_dims) and a Reshape to the shape without the reduced axes become reduce(not keep_dims)."""
    counts = readers(program)
    producers = program.producers()
    changed: dict[int, Node] = {}
    dropped: set[int] = set()
    for node in program.nodes:
        maker = producers.get(node.inputs[0]) if node.op.name == "Reshape" else None
        if maker is None or maker.op.name not in _REDUCTIONS or counts[node.inputs[0]] != 1:
            continue
        kept = program.tensors[node.inputs[0]].shape
        if not maker.op.keep_dims or not kept:  # type: ignore[attr-defined]
            continue
        axes = maker.op.axes  # type: ignore[attr-defined]
        without = tuple(extent for axis, extent in enumerate(kept) if axis not in axes)
        if program.tensors[node.outputs[0]].shape == without:
            op = replace(maker.op, keep_dims=False)  # type: ignore[call-arg]
            changed[id(maker)] = replace(maker, op=op, outputs=node.outputs)
            dropped.add(id(node))
    if not dropped:
        return program
    return program.with_nodes([changed.get(id(n), n) for n in program.nodes if id(n) not in dropped])
