"""Remove Reshapes and Transposes that change nothing, and merge chains of them."""

from __future__ import annotations

from dataclasses import replace

from limen.lower.passes._edit import renamed_inputs
from limen.ops.reshape import Reshape
from limen.program import Node, Program

_RESHAPES = ("Reshape", "Squeeze", "ExpandDims")


def drop_no_ops(program: Program) -> Program:
    """Drop a Reshape to the same shape and an identity Transpose; merge Reshape of Reshape, Transpose of Transpose."""
    outputs = {port.tensor for port in program.outputs}
    inputs = {port.tensor for port in program.inputs}
    producers: dict[str, Node] = {}
    table: dict[str, str] = {}
    nodes = []
    changed = False
    for original in program.nodes:
        node = renamed_inputs(original, table)
        node = _merged(program, node, producers)
        if _is_no_op(program, node) and node.outputs[0] not in outputs:
            table[node.outputs[0]] = node.inputs[0]
            changed = True
            continue
        changed |= node is not original
        producers.update(dict.fromkeys(node.outputs, node))
        nodes.append(node)
    live = _live(nodes, outputs, inputs)
    return program.with_nodes(live) if changed or len(live) != len(program.nodes) else program


def _merged(program: Program, node: Node, producers: dict[str, Node]) -> Node:
    """The node reading past the node before it, where the two together are one."""
    maker = producers.get(node.inputs[0]) if node.inputs else None
    if maker is None:
        return node
    if node.op.name in _RESHAPES and maker.op.name in _RESHAPES:
        return replace(node, op=Reshape(program.tensors[node.outputs[0]].shape), inputs=maker.inputs[:1])
    if node.op.name == maker.op.name == "Transpose":
        first, second = maker.op.permutation, node.op.permutation  # type: ignore[attr-defined]
        op = replace(node.op, permutation=tuple(first[axis] for axis in second))  # type: ignore[call-arg]
        return replace(node, op=op, inputs=maker.inputs)
    return node


def _is_no_op(program: Program, node: Node) -> bool:
    if node.op.name in _RESHAPES:
        return program.tensors[node.inputs[0]].shape == program.tensors[node.outputs[0]].shape
    if node.op.name == "Transpose":
        permutation = node.op.permutation  # type: ignore[attr-defined]
        return bool(permutation == tuple(range(len(permutation))))
    return False


def _live(nodes: list[Node], outputs: set[str], inputs: set[str]) -> list[Node]:
    """The nodes that reach an output or a state."""
    del inputs
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if node.op.effect == "assign" or needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return kept[::-1]
