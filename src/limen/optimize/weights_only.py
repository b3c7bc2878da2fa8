"""Recipes that change only how weights are stored: float16, and int8 with run-time quantised activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.optimize.decisions import Decision, Decisions
from limen.optimize.schemes import quantize, weight_quant
from limen.program import OPS, Node, Program, Tensor

HYBRID = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
MIN_ELEMENTS = 1024


def to_float16(program: Program) -> Program:
    """Weights of weighted nodes become float16 constants behind a Dequantize; values outside float16 stay float32."""
    dequantize = OPS.get("Dequantize")
    nodes: list[Node] = []
    added: list[Tensor] = []
    done: set[str] = set()
    for name, tensor in program.tensors.items():
        if tensor.data is None or tensor.dtype != "float32" or name not in _weight_names(program):
            continue
        if tensor.data.size and np.abs(tensor.data).max() > np.finfo(np.float16).max:
            continue
        stored = Tensor.constant(f"{name}@float16", tensor.data.astype(np.float16))
        added += [stored, Tensor(name, tensor.shape, "float32")]
        nodes.append(Node(dequantize(), (stored.name,), (name,), f"{name}/dequantize"))
        done.add(name)
    return program.with_nodes([*nodes, *program.nodes], added).check() if done else program


def to_dynamic(program: Program) -> tuple[Program, Decisions]:
    """Weights of convolutions and fully connected layers of at least MIN_ELEMENTS become int8 (hybrid kernels)."""
    decisions: dict[str, Decision] = {}
    added: list[Tensor] = []
    nodes = []
    for node in program.nodes:
        weights = program.tensors[node.inputs[1]] if node.op.name in HYBRID else None
        data_input = program.tensors[node.inputs[0]] if weights is not None else None
        if weights is None or weights.data is None or data_input is None or data_input.dtype != "float32":
            nodes.append(node)
            continue
        if weights.dtype != "float32" or weights.size < MIN_ELEMENTS:
            nodes.append(node)
            continue
        axis = None if node.op.name == "FullyConnected" else node.op.quant_rule.weight_axis
        quant = weight_quant(weights.data, axis)
        added.append(Tensor.constant(weights.name, quantize(weights.data, quant, "int8"), quant))
        low, high = float(weights.data.min()), float(weights.data.max())
        decisions[weights.name] = Decision("int8", quant, "weights", low, high)
        nodes.append(replace(node, op=replace(node.op, asymmetric_quantize_inputs=True)))  # type: ignore[call-arg]
    result = program.with_nodes(nodes, added).check() if added else program
    return result, Decisions("dynamic_wi8_afp32", decisions)


def _weight_names(program: Program) -> set[str]:
    names = set()
    for node in program.nodes:
        rule = node.op.quant_rule
        if rule.kind == "weighted" and rule.weights is not None:
            names.add(node.inputs[rule.weights])
    return names
