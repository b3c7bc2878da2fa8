"""Decisions -> quantised Program.

Integer nodes read and write codes; Dequantize and Quantize stand where an island of float meets them, and where a
producer's prescribed parameters differ from its group's. Inputs and outputs of the graph become codes when an integer
node reads or writes them: the Port keeps the source dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from limen.optimize.decide import is_integer
from limen.optimize.decisions import Decisions
from limen.optimize.groups import activation_inputs
from limen.optimize.schemes import quantize, quantize_bias
from limen.program import OPS, Array, DType, Node, Program, Quant, State, Tensor


def emit_program(program: Program, decisions: Decisions) -> Program:
    """The quantised Program; checked.

    Args:
        program: the float Program the decisions were made for.
        decisions: every activation and weight of its integer nodes.
    """
    return _Emission(program, decisions).run()


class _Emission:
    """Builds the new node list; one method per kind of node."""

    def __init__(self, program: Program, decisions: Decisions) -> None:
        self.source = program
        self.decisions = decisions
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.stored: dict[str, Tensor] = {}
        self.float_copy: dict[str, str] = {}

    def run(self) -> Program:
        for port in self.source.inputs:
            self._declare(port.tensor)
        for node in self.source.nodes:
            if is_integer(self.source, node, self.decisions):
                self._integer(node)
            else:
                self._float(node)
        for port in self.source.outputs:
            self._stored(port.tensor)
        states = tuple(self._state(s) for s in self.source.states)
        return self.source.with_nodes(self.nodes, self.tensors.values(), states=states).check()

    def _quant(self, name: str) -> Quant | None:
        decision = self.decisions.tensors.get(name)
        return decision.quant if decision is not None else None

    def _dtype(self, name: str) -> DType:
        decision = self.decisions.tensors.get(name)
        return decision.dtype if decision is not None else self.source.tensors[name].dtype

    def _declare(self, name: str) -> Tensor:
        """The tensor as it is stored in the new Program."""
        tensor = self.source.tensors[name]
        if tensor.dtype == "float32" and self._quant(name) is not None:
            tensor = replace(tensor, dtype=self._dtype(name), quant=self._quant(name))
        self.tensors[name] = self.stored[name] = tensor
        return tensor

    def _stored(self, name: str, values: Array | None = None) -> Tensor:
        """The tensor as it is stored; ``values`` stand for a constant's own."""
        if name in self.stored:
            return self.stored[name]
        tensor = self.source.tensors[name]
        quant = self._quant(name)
        if tensor.data is not None and tensor.dtype == "float32" and quant is not None:
            codes = quantize(tensor.data if values is None else values, quant, self._dtype(name))
            self.tensors[name] = self.stored[name] = Tensor.constant(name, codes, quant)
            return self.stored[name]
        return self._declare(name)

    def _integer(self, node: Node) -> None:
        inputs = list(node.inputs)
        for index, name in activation_inputs(self.source, node):
            inputs[index] = self._codes(node, name)
        self._weights(node, inputs)
        outputs = [self._integer_output(node, name) for name in node.outputs]
        self.nodes.append(replace(node, inputs=tuple(inputs), outputs=tuple(outputs)))
        for name, written in zip(node.outputs, outputs, strict=True):
            if name != written:
                self._convert(written, name, "Quantize")

    def _codes(self, node: Node, name: str) -> str:
        """A tensor of codes; requantised for a node that needs the parameters of its output."""
        tensor = self._stored(name)
        wanted = self._quant(node.outputs[0]) if node.op.quant_rule.kind == "same" and node.outputs else None
        if wanted is None or wanted == tensor.quant:
            return tensor.name
        copy = f"{name}@{node.outputs[0]}"
        if copy not in self.tensors:
            self.tensors[copy] = replace(tensor, name=copy, quant=wanted, data=None)
            self._convert(tensor.name, copy, "Quantize")
        return copy

    def _integer_output(self, node: Node, name: str) -> str:
        tensor = self._declare(name)
        rule = node.op.quant_rule
        prescribed = rule.fixed.get(tensor.dtype) if rule.kind == "fixed" else None
        if prescribed is None or Quant.per_tensor(*prescribed) == tensor.quant:
            return name
        own = replace(tensor, name=f"{name}@{node.op.name}", quant=Quant.per_tensor(*prescribed))
        self.tensors[own.name] = own
        return own.name

    def _weights(self, node: Node, inputs: list[str]) -> None:
        rule = node.op.quant_rule
        if rule.kind != "weighted" or rule.weights is None:
            return
        layer = self.decisions.layers.get(node.outputs[0])
        weights = self._stored(node.inputs[rule.weights], None if layer is None else layer.weights)
        inputs[rule.weights] = weights.name
        shift = self.decisions.shifts.get(node.outputs[0])
        bias = self._bias(node, rule.bias, shift)
        if bias is None or rule.bias is None:
            return
        activation = self.tensors[inputs[next(i for i, _ in activation_inputs(self.source, node))]]
        assert weights.quant is not None
        wide: DType = "int32" if activation.dtype == "int8" else "int64"
        codes, quant = quantize_bias(bias[1], activation.scale, weights.quant, wide)
        name = bias[0]
        if name in self.tensors and self.tensors[name].quant != quant:
            name = f"{name}@{node.outputs[0]}"
        self.tensors[name] = Tensor.constant(name, codes, quant)
        inputs[len(node.inputs) :] = [""] * (rule.bias + 1 - len(inputs))
        inputs[rule.bias] = name

    def _bias(self, node: Node, index: int | None, shift: tuple[float, ...] | None) -> tuple[str, Array] | None:
        """Name and real values of the bias with its correction; None where there is neither."""
        if index is None:
            return None
        layer = self.decisions.layers.get(node.outputs[0])
        if layer is not None:
            return None if layer.bias is None else (f"{node.outputs[0]}/bias", layer.bias)
        present = index < len(node.inputs) and node.inputs[index]
        if not present:
            return None if shift is None else (f"{node.outputs[0]}/bias", np.asarray(shift, np.float32))
        data = self.source.tensors[node.inputs[index]].data
        assert data is not None
        if shift is None:
            return node.inputs[index], data
        return f"{node.outputs[0]}/bias", data + np.asarray(shift, np.float32)

    def _float(self, node: Node) -> None:
        inputs = tuple(self._real(name) if name else "" for name in node.inputs)
        outputs = []
        for name in node.outputs:
            tensor = self._declare(name)
            if tensor.quant is not None and self.source.tensors[name].quant is None:
                real = replace(self.source.tensors[name], name=f"{name}@float")
                self.tensors[real.name] = real
                outputs.append(real.name)
            else:
                outputs.append(name)
        self.nodes.append(replace(node, inputs=inputs, outputs=tuple(outputs)))
        for name, written in zip(node.outputs, outputs, strict=True):
            if name != written:
                self.float_copy[name] = written
                self._convert(written, name, "Quantize")

    def _real(self, name: str) -> str:
        """The tensor in its source dtype: itself, or a dequantised copy made once."""
        source = self.source.tensors[name]
        if source.data is not None:
            copy = f"{name}@float" if self._quant(name) is not None else name
            self.tensors[copy] = replace(source, name=copy)
            return copy
        if self._stored(name).quant == source.quant:
            return name
        if name not in self.float_copy:
            self.float_copy[name] = f"{name}@float"
            self.tensors[f"{name}@float"] = replace(source, name=f"{name}@float")
            self._convert(name, f"{name}@float", "Dequantize")
        return self.float_copy[name]

    def _convert(self, source: str, target: str, op: str) -> None:
        kind = OPS.get(op)
        made = kind(dtype=self.tensors[target].dtype) if op == "Quantize" else kind()  # type: ignore[call-arg]
        self.nodes.append(Node(made, (source,), (target,), f"{target}/{op.lower()}"))

    def _state(self, state: State) -> State:
        touching = [n for n in self.source.nodes if getattr(n.op, "state", None) == state.name]
        for node in touching:
            name = node.outputs[0] if node.op.effect == "read" else node.inputs[0]
            quant = self._quant(name)
            if quant is not None and state.dtype == "float32":
                return State(state.name, quantize(state.initial, quant, self._dtype(name)), quant)
        return state


def integer_mac_share(program: Program) -> float:
    """Share of the multiply-accumulates whose data input is an integer tensor; 1.0 where there are none."""
    costs: Mapping[bool, list[int]] = {True: [], False: []}
    for node in program.nodes:
        operands = program.operands(node)
        first = next((t for t in operands.inputs if t is not None), None)
        costs[first is not None and not first.dtype.startswith("float")].append(node.op.cost(operands).macs)
    total = sum(costs[True]) + sum(costs[False])
    return sum(costs[True]) / total if total else 1.0
