"""Recognise activations written as several nodes: HardSwish, HardSigmoid, Gelu (erf and tanh form), Mish."""

from __future__ import annotations

import math

import onnx_ir as ir

from limen.model.edit import attribute, insert, nodes_of, producer, rewritten, scalar_of, substitute
from limen.model.graph import Model, dtype_of, shape_of
from limen.model.passes.patterns import close, factors, one_operand, with_scalar

_Match = tuple[str, ir.Value, dict[str, object]]


def fuse_activations(model: Model) -> Model:
    """Replace each recognised expression by one node of opset 21 under the name of its result."""
    return rewritten(model, fuse_activations_in)


def fuse_activations_in(graph: ir.Graph) -> int:
    """``fuse_activations`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "Mul", "Div", "Clip", "HardSigmoid"):
        if not node.outputs[0].uses() and not node.outputs[0].is_graph_output():
            continue
        found = _match(node)
        if found is None:
            continue
        op, source, attributes = found
        if dtype_of(source) != "float32" or shape_of(source) != shape_of(node.outputs[0]):
            continue
        old = node.outputs[0]
        new = insert(node, op, [source], attributes, like=old)
        substitute(old, new)
        graph.remove(node, safe=True)
        count += 1
    return count


def _match(node: ir.Node) -> _Match | None:
    value = node.outputs[0]
    if node.op_type == "Clip":
        return None
    found, scale = factors(value)
    if len(found) != 2:
        return _hard_sigmoid(found, scale)
    for x, other in (found, found[::-1]):
        for rule in (_hard_swish, _gelu, _gelu_tanh, _mish):
            match = rule(x, other, scale)
            if match is not None:
                return match
    return None


def relu6_shifted(value: ir.Value | None) -> ir.Value | None:
    """x, if the value is clip(x + 3, 0, 6)."""
    node = producer(value, "Clip")
    if node is None or len(node.inputs) < 3:
        return None
    if scalar_of(node.inputs[1]) != 0.0 or scalar_of(node.inputs[2]) != 6.0:
        return None
    shifted = with_scalar(node.inputs[0], "Add", 3.0)
    return shifted[0] if shifted else None


def _hard_sigmoid(found: list[ir.Value], scale: float) -> _Match | None:
    if len(found) == 1 and close(scale, 1 / 6):
        source = relu6_shifted(found[0])
        if source is not None:
            return "HardSigmoid", source, {"alpha": 1 / 6, "beta": 0.5}
    return None


def _hard_swish(x: ir.Value, other: ir.Value, scale: float) -> _Match | None:
    if close(scale, 1 / 6) and relu6_shifted(other) is x:
        return "HardSwish", x, {}
    node = producer(other, "HardSigmoid")
    if node is None or node.inputs[0] is not x or scale != 1.0:
        return None
    standard = close(attribute(node, "alpha", 0.2), 1 / 6) and close(attribute(node, "beta", 0.5), 0.5)
    return ("HardSwish", x, {}) if standard else None


def _gelu(x: ir.Value, other: ir.Value, scale: float) -> _Match | None:
    """0.5 x (1 + erf(x / sqrt 2))."""
    total = with_scalar(other, "Add", 1.0)
    inner = one_operand(total[0], "Erf") if total else None
    found, factor = factors(inner)
    matches = close(scale, 0.5) and len(found) == 1 and found[0] is x and close(factor, math.sqrt(0.5))
    return ("Gelu", x, {"approximate": "none"}) if matches else None


def _gelu_tanh(x: ir.Value, other: ir.Value, scale: float) -> _Match | None:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    total = with_scalar(other, "Add", 1.0)
    inner = one_operand(total[0], "Tanh") if total else None
    found, factor = factors(inner)
    if not close(scale, 0.5) or len(found) != 1 or not close(factor, math.sqrt(2 / math.pi)):
        return None
    node = producer(found[0], "Add")
    if node is None:
        return None
    for linear, cubic in ((node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])):
        if linear is x and _is_cube(cubic, x):
            return "Gelu", x, {"approximate": "tanh"}
    return None


def _is_cube(value: ir.Value | None, x: ir.Value) -> bool:
    found, factor = factors(value)
    if not close(factor, 0.044715):
        return False
    if len(found) == 1:
        power = with_scalar(found[0], "Pow", 3.0)
        return power is not None and power[0] is x
    return len(found) == 3 and all(v is x for v in found)


def _mish(x: ir.Value, other: ir.Value, scale: float) -> _Match | None:
    """x tanh(softplus(x))."""
    inner = one_operand(one_operand(other, "Tanh"), "Softplus")
    return ("Mish", x, {}) if scale == 1.0 and inner is x else None
