"""Preparation: a global average pool becomes a Mean where its output spans much less than its input.

The integer average pool keeps its input's scale, so an average of sparse activations gets a fraction of the codes; the
integer mean has a scale of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limen.optimize.ranges import Range
from limen.program import OPS, Node, Program

NARROW = 0.5


def free_pools(program: Program, ranges: Mapping[str, Range]) -> Program:
    """The same function; the same object where there is nothing to do.

    Args:
        program: float.
        ranges: of the computed tensors.
    """
    nodes = [_as_mean(program, node) if _is_narrow(program, node, ranges) else node for node in program.nodes]
    changed = any(new is not old for new, old in zip(nodes, program.nodes, strict=True))
    return program.with_nodes(nodes).check() if changed else program


def _is_narrow(program: Program, node: Node, ranges: Mapping[str, Range]) -> bool:
    if node.op.name != "AveragePool2D":
        return False
    op: Any = node.op
    whole = program.tensors[node.inputs[0]].shape[1:3]
    if op.activation != "none" or any(op.padding) or tuple(op.filter) != whole:
        return False
    source, result = (ranges.get(n) for n in (node.inputs[0], node.outputs[0]))
    return source is not None and result is not None and _extent(result) < NARROW * _extent(source)


def _as_mean(program: Program, node: Node) -> Node:
    mean: Any = OPS.get("Mean")
    return Node(mean(axes=(1, 2), keep_dims=True), node.inputs, node.outputs, node.name)


def _extent(interval: Range) -> float:
    return max(interval.high, 0.0) - min(interval.low, 0.0)
