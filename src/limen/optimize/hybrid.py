"""Preparation: weights that a source stores as codes for run-time quantised inputs become reals again.

A static recipe decides its own codes, and every preparation works on reals. Weights on a symmetric grid that uses its
largest code come back on the same grid.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from limen.optimize.schemes import dequantize
from limen.program import Node, Program, Tensor


def real_weights(program: Program) -> Program:
    """The same function with float32 weights; the same object where no node with a float input reads codes."""
    made: dict[str, Tensor] = {}
    nodes = [_real(program, node, made) for node in program.nodes]
    return program.with_nodes(nodes, made.values()).check() if made else program


def _real(program: Program, node: Node, made: dict[str, Tensor]) -> Node:
    rule = node.op.quant_rule
    if rule.kind != "weighted" or rule.weights is None or program.tensors[node.inputs[0]].dtype != "float32":
        return node
    stored = program.tensors[node.inputs[rule.weights]]
    if stored.data is None or stored.quant is None or stored.dtype == "float32":
        return node
    name = f"{stored.name}@real"
    made[name] = Tensor.constant(name, dequantize(stored.data, stored.quant))
    op: Any = node.op
    if getattr(op, "asymmetric_quantize_inputs", False):
        op = replace(op, asymmetric_quantize_inputs=False)
    inputs = tuple(name if i == rule.weights else n for i, n in enumerate(node.inputs))
    return replace(node, op=op, inputs=inputs)
