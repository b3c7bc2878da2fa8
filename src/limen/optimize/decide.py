"""Ranges and operator rules -> Decisions (TFLite's quantisation specification).

Tensors that an operator forces to share parameters form a group; a group takes the union of its ranges, or the
parameters an operator prescribes. Where two prescriptions meet, the producer's wins and emission requantises at the
consumer. A node without an integer kernel stays in float: an island, named with its reason.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from limen.optimize.decisions import Decision, Decisions, Origin
from limen.optimize.ranges import Range
from limen.optimize.schemes import Scheme, activation_quant, weight_quant, widen_for_bias
from limen.program import Node, Program, Quant, Tensor


def decide(
    program: Program,
    ranges: Mapping[str, Range],
    scheme: Scheme,
    recipe: str,
    samples: int = 0,
    keep_float: frozenset[str] = frozenset(),
) -> Decisions:
    """Decide every tensor of a float Program.

    Args:
        program: float32, checked.
        ranges: tensor name -> interval, for every computed float tensor.
        scheme: element types.
        recipe: name to record.
        samples: calibration runs to record.
        keep_float: node names to leave in float whatever the operator can do.
    """
    islands = {node_key(n): why for n in program.nodes if (why := _island(program, n, scheme, keep_float))}
    integer_nodes = [node for node in program.nodes if node_key(node) not in islands]
    groups = _Groups(program)
    for node in integer_nodes:
        if node.op.quant_rule.kind == "same":
            groups.join(list(activation_names(program, node)))
    for names in _state_groups(program):
        groups.join(names)
    fixed = _fixed(integer_nodes, groups, scheme)
    tensors: dict[str, Decision] = {}
    for name in sorted({name for node in integer_nodes for name in activation_names(program, node)}):
        tensors[name] = _decide_activation(program, name, groups, fixed, ranges, scheme)
    for node in integer_nodes:
        for name, decision in _decide_weights(program, node, tensors, scheme).items():
            tensors[name] = _wider(decision, tensors.get(name))
    for node in program.nodes:
        if node_key(node) in islands:
            for name in node.outputs:
                if name not in tensors and program.tensors[name].dtype == "float32":
                    tensors[name] = Decision("float32", origin="float", reason=islands[node_key(node)])
    return Decisions(recipe, tensors, samples, islands)


def node_key(node: Node) -> str:
    """What islands are keyed by: the first output; an assign has none and goes by its state."""
    return node.outputs[0] if node.outputs else f"assign {getattr(node.op, 'state', '')}"


def separate_constants(program: Program) -> Program:
    """Give each reader of a float constant its own copy, so that sharing a constant does not tie ranges together.

    Weights and biases stay shared. The first reader keeps the name.
    """
    seen: set[str] = set()
    nodes, added = [], []
    for node in program.nodes:
        inputs = list(node.inputs)
        for index, name in activation_inputs(program, node):
            tensor = program.tensors[name]
            if tensor.data is not None and name in seen:
                inputs[index] = f"{name}@{node_key(node)}:{index}"
                added.append(replace(tensor, name=inputs[index]))
            seen.add(name)
        nodes.append(node if tuple(inputs) == node.inputs else replace(node, inputs=tuple(inputs)))
    return program.with_nodes(nodes, added) if added else program


def activation_inputs(program: Program, node: Node) -> Iterator[tuple[int, str]]:
    """Position and name of the inputs of an integer node that carry float32 data, constants included."""
    rule = node.op.quant_rule
    for index, name in enumerate(node.inputs):
        if not name or index in (rule.weights, rule.bias):
            continue
        if rule.data_inputs is not None and index not in rule.data_inputs:
            continue
        if program.tensors[name].dtype == "float32":
            yield index, name


def activation_names(program: Program, node: Node) -> Iterator[str]:
    """Inputs and outputs of a node that carry float32 activations."""
    yield from (name for _, name in activation_inputs(program, node))
    yield from (name for name in node.outputs if program.tensors[name].dtype == "float32")


def is_integer(program: Program, node: Node, decisions: Decisions) -> bool:
    """Whether the decisions run this node in integers."""
    return node_key(node) not in decisions.islands and any(True for _ in activation_names(program, node))


def _island(program: Program, node: Node, scheme: Scheme, keep_float: frozenset[str]) -> str:
    """Why the node stays in float; empty when it runs in integers or carries no float data."""
    rule = node.op.quant_rule
    if not any(program.tensors[n].dtype == "float32" for n in (*filter(None, node.inputs), *node.outputs)):
        return ""
    if node.name in keep_float:
        return "left in float by choice"
    if rule.kind == "none" or scheme.activation not in rule.dtypes:
        return f"{node.op.name} has no {scheme.activation} kernel"
    if rule.kind == "weighted":
        for index in (rule.weights, rule.bias):
            if index is None or index >= len(node.inputs) or not node.inputs[index]:
                continue
            if program.tensors[node.inputs[index]].data is None:
                return f"{node.op.name}: weights or bias are computed, not constant"
    return ""


def _state_groups(program: Program) -> list[list[str]]:
    """Tensors that read or assign the same float state."""
    table: dict[str, list[str]] = {}
    for node in program.nodes:
        if node.op.effect != "none":
            name = node.outputs[0] if node.op.effect == "read" else node.inputs[0]
            if program.tensors[name].dtype == "float32":
                table.setdefault(str(getattr(node.op, "state", "")), []).append(name)
    return list(table.values())


class _Groups:
    """Union-find over tensor names."""

    def __init__(self, program: Program) -> None:
        self._parent: dict[str, str] = {name: name for name in program.tensors}

    def find(self, name: str) -> str:
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, names: list[str]) -> None:
        roots = sorted({self.find(n) for n in names})
        for root in roots[1:]:
            self._parent[root] = roots[0]

    @functools.cached_property
    def members(self) -> dict[str, list[str]]:
        """Group -> its tensors; read once all joins are done."""
        table: dict[str, list[str]] = {}
        for name in self._parent:
            table.setdefault(self.find(name), []).append(name)
        return table


def _fixed(nodes: list[Node], groups: _Groups, scheme: Scheme) -> dict[str, Quant]:
    """Group -> prescribed parameters; the first producer in program order wins."""
    fixed: dict[str, Quant] = {}
    for node in nodes:
        rule = node.op.quant_rule
        if rule.kind == "fixed" and scheme.activation in rule.fixed:
            for name in node.outputs:
                fixed.setdefault(groups.find(name), Quant.per_tensor(*rule.fixed[scheme.activation]))
    return fixed


def _decide_activation(
    program: Program,
    name: str,
    groups: _Groups,
    fixed: Mapping[str, Quant],
    ranges: Mapping[str, Range],
    scheme: Scheme,
) -> Decision:
    root = groups.find(name)
    members = groups.members[root]
    seen = [r for m in members if (r := _range_of(program.tensors[m], ranges)) is not None]
    low = min((r.low for r in seen), default=0.0)
    high = max((r.high for r in seen), default=0.0)
    if root in fixed:
        return Decision(scheme.activation, fixed[root], "fixed", low, high)
    origin: Origin = "same" if len(members) > 1 else "range"
    return Decision(scheme.activation, activation_quant(Range(low, high), scheme.activation), origin, low, high)


def _range_of(tensor: Tensor, ranges: Mapping[str, Range]) -> Range | None:
    if tensor.data is not None:
        return Range(float(tensor.data.min()), float(tensor.data.max())) if tensor.data.size else None
    return ranges.get(tensor.name)


def _decide_weights(
    program: Program, node: Node, tensors: Mapping[str, Decision], scheme: Scheme
) -> dict[str, Decision]:
    rule = node.op.quant_rule
    if rule.kind != "weighted" or rule.weights is None:
        return {}
    weights = program.tensors[node.inputs[rule.weights]]
    assert weights.data is not None
    quant = weight_quant(weights.data, rule.weight_axis if scheme.per_channel else None)
    data_name = next(name for _, name in activation_inputs(program, node))
    input_quant = tensors[data_name].quant
    if rule.bias is not None and rule.bias < len(node.inputs) and node.inputs[rule.bias] and input_quant is not None:
        bias = program.tensors[node.inputs[rule.bias]].data
        if bias is not None:
            quant = widen_for_bias(quant, bias, input_quant.scale[0])
    low, high = float(weights.data.min(initial=0.0)), float(weights.data.max(initial=0.0))
    return {weights.name: Decision(scheme.weight, quant, "weights", low, high)}


def _wider(decision: Decision, other: Decision | None) -> Decision:
    """Weights shared by several nodes take the larger scales."""
    if other is None or other.quant is None or decision.quant is None or other.quant.axis != decision.quant.axis:
        return decision
    scales = tuple(max(a, b) for a, b in zip(decision.quant.scale, other.quant.scale, strict=True))
    return replace(decision, quant=replace(decision.quant, scale=scales))
