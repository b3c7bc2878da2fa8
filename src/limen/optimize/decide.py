"""Ranges and operator rules -> Decisions (TFLite's quantisation specification).

Tensors that an operator forces to share parameters form a group (``groups``); a group takes the union of its ranges, or
the parameters that an operator prescribes for its output, where they cover that union; elsewhere emission requantises
behind the operator. A node without an integer kernel stays in float: an island, named with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from limen.optimize.bias import bias_shift
from limen.optimize.decisions import Decision, Decisions, Origin
from limen.optimize.groups import Groups, activation_inputs, activation_names, group_tensors, node_key
from limen.optimize.parent import NOBODY, Parent, interval_of, keep_activations, keep_weights
from limen.optimize.ranges import Range, Statistics
from limen.optimize.schemes import Scheme, activation_quant, covers, limits, weight_quant, widen_for_bias
from limen.program import Array, Node, Program, Quant

BY_CHOICE = "left in float by choice"
_LEAST_OF_BOUNDED = 6.0 / 2**30  # an activation's bound in codes must fit into int32


def decide(
    program: Program,
    statistics: Statistics,
    scheme: Scheme,
    recipe: str,
    keep_float: frozenset[str] = frozenset(),
    parent: Parent = NOBODY,
) -> Decisions:
    """Decide every tensor of a float Program.

    Args:
        program: float32, checked.
        statistics: ranges of every computed float tensor, and channel means of what weighted nodes read.
        scheme: element types.
        recipe: name to record.
        keep_float: node names to leave in float whatever the operator can do.
        parent: the version whose scales are kept where they fit.
    """
    islands = {
        node_key(n): why for n in program.nodes if (why := _island(program, n, scheme, keep_float, statistics.infinite))
    }
    integer_nodes = [node for node in program.nodes if node_key(node) not in islands]
    groups = group_tensors(program, integer_nodes, statistics.ranges)
    names = sorted({name for node in integer_nodes for name in activation_names(program, node)})
    kept = keep_activations(groups, names, parent, scheme.activation)
    _leave_headroom(program, integer_nodes, groups, scheme)
    given: dict[str, tuple[Quant, Origin]] = {
        r: (q, "kept") for r, q in kept.items() if groups.range(r) == interval_of(q, scheme.activation)
    }
    given |= {r: (q, "fixed") for r, q in _fixed(integer_nodes, groups, scheme).items()}
    tensors: dict[str, Decision] = {}
    for name in names:
        tensors[name] = _decide_activation(name, groups, given, scheme)
    for node in integer_nodes:
        for name, decision in _decide_weights(program, node, tensors, scheme, parent).items():
            tensors[name] = _wider(decision, tensors.get(name))
    for node in program.nodes:
        if node_key(node) in islands:
            for name in node.outputs:
                if name not in tensors and program.tensors[name].dtype == "float32":
                    tensors[name] = Decision("float32", origin="float", reason=islands[node_key(node)])
    shifts = {
        node.outputs[0]: shift
        for node in integer_nodes
        if (shift := bias_shift(program, node, tensors, statistics.means)) is not None
    }
    return Decisions(recipe, tensors, statistics.count, islands, shifts)


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


def is_integer(program: Program, node: Node, decisions: Decisions) -> bool:
    """Whether the decisions run this node in integers."""
    return node_key(node) not in decisions.islands and any(True for _ in activation_names(program, node))


def _island(program: Program, node: Node, scheme: Scheme, keep_float: frozenset[str], infinite: frozenset[str]) -> str:
    """Why the node stays in float; empty when it runs in integers or carries no float data."""
    rule = node.op.quant_rule
    if not any(program.tensors[n].dtype == "float32" for n in (*filter(None, node.inputs), *node.outputs)):
        return ""
    if node.name in keep_float or node_key(node) in keep_float:
        return BY_CHOICE
    if any(n in infinite or _is_infinite(program.tensors[n].data) for n in (*filter(None, node.inputs), *node.outputs)):
        return "reads or makes infinite values"
    if rule.kind == "none" or scheme.activation not in rule.dtypes:
        return f"{node.op.name} has no {scheme.activation} kernel"
    if rule.kind == "weighted":
        for index in (rule.weights, rule.bias):
            if index is None or index >= len(node.inputs) or not node.inputs[index]:
                continue
            if program.tensors[node.inputs[index]].data is None:
                return f"{node.op.name}: weights or bias are computed, not constant"
    return ""


def _is_infinite(data: Array | None) -> bool:
    return data is not None and data.dtype.kind == "f" and not np.isfinite(data).all()


def _leave_headroom(program: Program, nodes: list[Node], groups: Groups, scheme: Scheme) -> None:
    """Widen outputs whose scale the kernel's fixed point cannot hold, beside an input's or an activation's bound."""
    for node in nodes:
        bits = node.op.quant_rule.headroom.get(scheme.activation)
        bounded = getattr(node.op, "activation", "none") not in ("none", "relu")
        if bits is None and not bounded:
            continue
        inputs = [groups.range(name) for _, name in activation_inputs(program, node)]
        widest = max((activation_quant(interval, scheme.activation).scale[0] for interval in inputs), default=0.0)
        least = 0.0 if bits is None else widest / 2**bits * 1.001
        if bounded:
            least = max(least, _LEAST_OF_BOUNDED)
        for name in node.outputs:
            if activation_quant(groups.range(name), scheme.activation).scale[0] < least:
                bottom, top = limits(scheme.activation)
                groups.widen(name, Range(0.0, least * (top if scheme.activation == "int16" else top - bottom)))


def _fixed(nodes: list[Node], groups: Groups, scheme: Scheme) -> dict[str, Quant]:
    """Group -> prescribed parameters, where they cover the group's range; the first producer in order wins."""
    fixed: dict[str, Quant] = {}
    for node in nodes:
        rule = node.op.quant_rule
        if rule.kind == "fixed" and scheme.activation in rule.fixed:
            quant = Quant.per_tensor(*rule.fixed[scheme.activation])
            for name in node.outputs:
                if covers(quant, groups.range(name), scheme.activation):
                    fixed.setdefault(groups.find(name), quant)
    return fixed


def _decide_activation(
    name: str, groups: Groups, given: Mapping[str, tuple[Quant, Origin]], scheme: Scheme
) -> Decision:
    interval = groups.range(name)
    if groups.find(name) in given:
        return Decision(scheme.activation, *given[groups.find(name)], interval.low, interval.high)
    origin: Origin = "same" if groups.shared(name) else "range"
    return Decision(
        scheme.activation, activation_quant(interval, scheme.activation), origin, interval.low, interval.high
    )


def _decide_weights(
    program: Program, node: Node, tensors: Mapping[str, Decision], scheme: Scheme, parent: Parent
) -> dict[str, Decision]:
    rule = node.op.quant_rule
    if rule.kind != "weighted" or rule.weights is None:
        return {}
    weights = program.tensors[node.inputs[rule.weights]]
    assert weights.data is not None
    quant = weight_quant(weights.data, rule.weight_axis if scheme.per_channel else None)
    quant = keep_weights(weights.data, quant, parent.quant(weights.name, scheme.weight), scheme.weight)
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
