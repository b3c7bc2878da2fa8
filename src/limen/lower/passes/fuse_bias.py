"""Let weighted operators add a constant per output channel: Add becomes their bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.lower.passes._edit import constant_of, fresh, readers
from limen.program import Array, Node, Program, Tensor

_WEIGHTED = ("Conv2D", "DepthwiseConv2D", "FullyConnected", "TransposeConv")


def fuse_bias(program: Program) -> Program:
    """Fuse an Add of one value per channel into the weighted operator that makes the other operand."""
    counts = readers(program)
    producers = program.producers()
    taken: set[str] = set()
    made: list[Tensor] = []
    changed: dict[int, Node] = {}
    dropped: set[int] = set()
    for node in program.nodes:
        if node.op.name != "Add":
            continue
        found = _match(program, node, producers, counts)
        if found is None or id(found[0]) in changed:
            continue
        maker, bias = found
        name = fresh(program, f"{node.outputs[0]}/bias", taken)
        made.append(Tensor.constant(name, bias))
        op = replace(maker.op, activation=node.op.activation)  # type: ignore[call-arg, attr-defined]
        changed[id(maker)] = replace(maker, op=op, inputs=(*maker.inputs[:2], name), outputs=node.outputs)
        dropped.add(id(node))
    if not dropped:
        return program
    nodes = [changed.get(id(n), n) for n in program.nodes if id(n) not in dropped]
    return program.with_nodes(nodes, made)


def _match(
    program: Program, node: Node, producers: dict[str, Node], counts: dict[str, int]
) -> tuple[Node, Array] | None:
    for data, other in (node.inputs, node.inputs[::-1]):
        maker, constant = producers.get(data), constant_of(program, other)
        if maker is None or constant is None or maker.op.name not in _WEIGHTED or counts[data] != 1:
            continue
        if maker.op.activation != "none" or program.tensors[data].dtype != "float32":  # type: ignore[attr-defined]
            continue
        channels = program.tensors[data].shape[-1]
        values = constant.data
        if values is None or values.size not in (1, channels) or (values.ndim and values.shape[-1] != values.size):
            continue
        bias = np.broadcast_to(values.reshape(-1), (channels,)).astype(np.float32)
        if program.tensors[node.outputs[0]].shape != program.tensors[data].shape:
            continue
        before = program.tensors[maker.inputs[2]].data if len(maker.inputs) > 2 and maker.inputs[2] else None
        if before is None and len(maker.inputs) > 2 and maker.inputs[2]:
            continue
        return maker, bias if before is None else (bias + before).astype(np.float32)
    return None
