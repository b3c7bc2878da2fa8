"""Let convolutions pad: a Pad with zeros over height and width becomes their ``padding``."""

from __future__ import annotations

from dataclasses import replace

from limen.lower.passes._edit import readers
from limen.program import Node, Program

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D")


def fuse_padding(program: Program) -> Program:
    """Fuse a Pad that only convolutions read."""
    producers = program.producers()
    counts = readers(program)
    pads = {n.outputs[0]: n for n in program.nodes if n.op.name == "Pad" and _spatial(n)}
    uses = dict.fromkeys(pads, 0)
    for node in program.nodes:
        if node.op.name in _CONVOLUTIONS and node.inputs[0] in pads:
            uses[node.inputs[0]] += 1
    fused = {name for name in pads if uses[name] and uses[name] == counts[name]}
    if not fused:
        return program
    nodes = []
    for node in program.nodes:
        if node.outputs and node.outputs[0] in fused:
            continue
        if node.op.name in _CONVOLUTIONS and node.inputs[0] in fused:
            node = _with_padding(node, producers[node.inputs[0]])
        nodes.append(node)
    return program.with_nodes(nodes)


def _spatial(node: Node) -> bool:
    paddings = node.op.paddings  # type: ignore[attr-defined]
    return len(paddings) == 4 and not any(paddings[0]) and not any(paddings[3])


def _with_padding(node: Node, pad: Node) -> Node:
    (top, bottom), (left, right) = pad.op.paddings[1:3]  # type: ignore[attr-defined]
    own = node.op.padding  # type: ignore[attr-defined]
    total = (own[0] + top, own[1] + bottom, own[2] + left, own[3] + right)
    op = replace(node.op, padding=total)  # type: ignore[call-arg]
    return replace(node, op=op, inputs=(pad.inputs[0], *node.inputs[1:]))
