"""Move a Reshape behind the elementwise operators that read it, where it may meet the Reshape that undoes it."""

from __future__ import annotations

from dataclasses import replace

from limen.lower.passes._edit import constant_of, fresh, readers
from limen.ops.reshape import Reshape
from limen.program import Node, Program, Tensor

_UNARY = {
    "Relu", "Relu6", "ReluN1To1", "Relu0To1", "LeakyRelu", "HardSwish", "Gelu", "Elu", "Logistic", "Tanh", "Exp", "Log",
    "Sqrt", "Rsqrt", "Neg", "Abs", "Square", "Sin", "Cos", "Floor", "Ceil", "Round", "Sign",
}  # fmt: skip
_BINARY = {"Add", "Sub", "Mul", "Div", "Minimum", "Maximum"}


def sink_reshapes(program: Program) -> Program:
    """reshape(x) -> f becomes f(x) -> reshape, for elementwise f with at most one constant scalar or last-axis operand.

    Only where a Reshape reads the result, so that the two merge.
    """
    counts = readers(program)
    producers = program.producers()
    reshaped = {n.inputs[0] for n in program.nodes if n.op.name == "Reshape"}
    outputs = {port.tensor for port in program.outputs}
    for node in program.nodes:
        maker = producers.get(node.inputs[0]) if node.inputs else None
        if maker is None or maker.op.name != "Reshape" or counts[node.inputs[0]] != 1:
            continue
        if not _elementwise(program, node, maker) or not _leads_to_reshape(program, node, reshaped, outputs):
            continue
        return _swapped(program, maker, node)
    return program


def _elementwise(program: Program, node: Node, maker: Node) -> bool:
    if node.op.name in _UNARY:
        return True
    if node.op.name not in _BINARY or len(node.inputs) != 2:
        return False
    constant = constant_of(program, node.inputs[1])
    if constant is None or program.tensors[node.outputs[0]].shape != program.tensors[node.inputs[0]].shape:
        return False
    before, after = program.tensors[maker.inputs[0]].shape, program.tensors[maker.outputs[0]].shape
    last = bool(before) and bool(after) and before[-1] == after[-1]
    return constant.size == 1 or (last and constant.shape == before[-1:])


def _leads_to_reshape(program: Program, node: Node, reshaped: set[str], outputs: set[str]) -> bool:
    """Whether a Reshape follows, perhaps behind more elementwise operators."""
    consumers = program.consumers()
    for _ in range(len(program.nodes)):
        name = node.outputs[0]
        if name in outputs:
            return False
        if name in reshaped:
            return True
        following = consumers.get(name, [])
        if len(following) != 1 or following[0].op.name not in _UNARY | _BINARY:
            return False
        node = following[0]
    return False


def _swapped(program: Program, maker: Node, node: Node) -> Program:
    source, result = program.tensors[maker.inputs[0]], program.tensors[node.outputs[0]]
    inner = Tensor(fresh(program, f"{result.name}/inner", set()), source.shape, result.dtype)
    first = replace(node, inputs=(source.name, *node.inputs[1:]), outputs=(inner.name,))
    second = Node(Reshape(result.shape), (inner.name,), (result.name,), node.name)
    nodes = []
    for other in program.nodes:
        if other is maker:
            continue
        nodes.extend([first, second] if other is node else [other])
    return program.with_nodes(nodes, [inner])
