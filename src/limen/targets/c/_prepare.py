"""The compiler's own passes on a Program: what is constant is computed now, what cannot influence the output goes."""

from __future__ import annotations

from limen.program import Node, Program, Tensor
from limen.targets.c._channels import drop_constant_channels


def prepare(program: Program) -> Program:
    """Fold constants and drop dead nodes, until nothing changes; the same object back when there is nothing to do.

    Constants that no node reads any more are dropped from the tensors.
    """
    lean = drop_constant_channels(_drop_dead(_fold(program)))
    return lean if lean is program else lean.check()


def _fold(program: Program) -> Program:
    """Nodes whose operands are all constants become constants, by their reference."""
    constants: dict[str, Tensor] = {t.name: t for t in program.constants()}
    kept: list[Node] = []
    for node in program.nodes:
        operands = program.operands(node)
        names = [name for name in node.inputs if name]
        if node.op.effect != "none" or not names or any(name not in constants for name in names):
            kept.append(node)
            continue
        values = [None if not name else constants[name].data for name in node.inputs]
        for tensor, value in zip(operands.outputs, node.op.reference(values, operands), strict=True):
            constants[tensor.name] = Tensor.constant(tensor.name, value, tensor.quant)
    if len(kept) == len(program.nodes):
        return program
    return program.with_nodes(kept, constants.values())


def _drop_dead(program: Program) -> Program:
    """Nodes without effect whose outputs nobody reads."""
    needed = {port.tensor for port in program.outputs}
    kept: list[Node] = []
    for node in reversed(program.nodes):
        if node.op.effect == "assign" or needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    if len(kept) == len(program.nodes):
        return program
    return program.with_nodes(reversed(kept))
