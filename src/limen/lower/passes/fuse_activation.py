"""Let the operator that makes a value clamp it: Relu, Relu6 and ReluN1To1 become its ``activation``."""

from __future__ import annotations

from dataclasses import replace

from limen.errors import ProgramError
from limen.lower.passes._edit import readers
from limen.program import Node, Program

ACTIVATIONS = {"Relu": "relu", "Relu6": "relu6", "ReluN1To1": "relu_n1_to_1"}
# A fused clamp works on integers too, but then the clamped range is the producer's; float only.
_TYPES = ("float32",)


def fuse_activation(program: Program) -> Program:
    """Fuse clamps whose input nothing else reads; the result keeps the clamp's name."""
    counts = readers(program)
    producers = program.producers()
    replaced: dict[int, str] = {}
    dropped: set[int] = set()
    for node in program.nodes:
        if node.op.name not in ACTIVATIONS or counts[node.inputs[0]] != 1:
            continue
        maker = producers.get(node.inputs[0])
        if maker is None or getattr(maker.op, "activation", None) != "none":
            continue
        if program.tensors[node.inputs[0]].dtype not in _TYPES or id(maker) in replaced:
            continue
        if not _takes(program, maker, ACTIVATIONS[node.op.name]):
            continue
        replaced[id(maker)] = node.outputs[0]
        dropped.add(id(node))
    if not dropped:
        return program
    producer_of = program.producers()
    clamps = {id(producer_of[n.inputs[0]]): n for n in program.nodes if id(n) in dropped}
    nodes = []
    for node in program.nodes:
        if id(node) in dropped:
            continue
        clamp = clamps.get(id(node))
        if clamp is not None:
            op = replace(node.op, activation=ACTIVATIONS[clamp.op.name])  # type: ignore[call-arg]
            node = replace(node, op=op, outputs=clamp.outputs)
        nodes.append(node)
    return program.with_nodes(nodes)


def _takes(program: Program, node: Node, activation: str) -> bool:
    """Whether the operator may clamp: TFLite's schema has an activation that no kernel of a concatenation knows."""
    operands = program.operands(node)
    op = replace(node.op, activation=activation)  # type: ignore[call-arg]
    try:
        op.infer(operands.inputs)
        op.check(operands)
    except ProgramError:
        return False
    return True
