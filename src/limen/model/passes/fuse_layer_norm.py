"""Recognise a decomposed LayerNormalization over the last axes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from limen.model.edit import constant, insert, nodes_of, producer, rewritten, scalar_of, substitute
from limen.model.graph import Array, Model, constant_of, shape_of
from limen.model.passes.patterns import with_scalar


def fuse_layer_norm(model: Model) -> Model:
    """(x - mean) / sqrt(mean((x - mean)^2) + epsilon) [* scale [+ bias]] becomes one LayerNormalization."""
    return rewritten(model, fuse_layer_norm_in)


def fuse_layer_norm_in(graph: ir.Graph) -> int:
    """``fuse_layer_norm`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "Div", "Mul"):
        found = _normalised(node)
        if found is None:
            continue
        source, axis, epsilon = found
        last, scale, bias = _scale_and_bias(node, source, axis)
        shape = shape_of(source)
        assert shape is not None
        weights = constant(graph, f"{last.outputs[0].name}/scale", _wide(scale, shape[axis:], 1.0))
        inputs = [source, weights]
        if bias is not None:
            inputs.append(constant(graph, f"{last.outputs[0].name}/bias", _wide(bias, shape[axis:], 0.0)))
        old = last.outputs[0]
        settings = {"axis": axis, "epsilon": epsilon}
        new = insert(last, "LayerNormalization", inputs, settings, like=old)
        substitute(old, new)
        graph.remove(last, safe=True)
        count += 1
    return count


def _wide(array: Array | None, shape: tuple[int, ...], default: float) -> Array:
    if array is None:
        return np.full(shape, default, np.float32)
    return np.ascontiguousarray(np.broadcast_to(array.astype(np.float32), shape))


def _normalised(node: ir.Node) -> tuple[ir.Value, int, float] | None:
    """Source, first axis and epsilon, if the node makes the normalised value."""
    pairs = [(node.inputs[0], node.inputs[1])] + ([(node.inputs[1], node.inputs[0])] if node.op_type == "Mul" else [])
    for centred, divisor in pairs:
        if node.op_type == "Mul":
            reciprocal = producer(divisor, "Reciprocal")
            divisor = reciprocal.inputs[0] if reciprocal is not None else None
        root = producer(divisor, "Sqrt")
        shifted = with_scalar(root.inputs[0], "Add") if root is not None else None
        if shifted is None:
            continue
        found = _centred(centred)
        variance = _variance(shifted[0])
        if found is None or variance is None:
            continue
        source, axis = found
        of, variance_axis = variance
        if variance_axis == axis and (of is centred or _centred(of) == found):
            return source, axis, shifted[1]
    return None


def _centred(value: ir.Value | None) -> tuple[ir.Value, int] | None:
    """x and the first axis, if the value is x - mean(x)."""
    node = producer(value, "Sub")
    if node is None:
        return None
    mean = _mean(node.inputs[1])
    return mean if mean is not None and mean[0] is node.inputs[0] else None


def _mean(value: ir.Value | None) -> tuple[ir.Value, int] | None:
    """x and the first axis, if the value is the mean over all axes from it to the last, kept."""
    node = producer(value, "ReduceMean")
    if node is None or node.inputs[0] is None or len(node.inputs) < 2:
        return None
    shape, axes = shape_of(node.inputs[0]), constant_of(node.inputs[1])
    kept = node.attributes.get("keepdims")
    if shape is None or axes is None or (kept is not None and not kept.value):
        return None
    rank = len(shape)
    places = sorted(int(a) % rank for a in axes.reshape(-1))
    return (node.inputs[0], places[0]) if places and places == list(range(places[0], rank)) else None


def _variance(value: ir.Value | None) -> tuple[ir.Value, int] | None:
    """d and the first axis, if the value is mean(d^2)."""
    mean = _mean(value)
    if mean is None:
        return None
    squared = producer(mean[0], "Pow", "Mul")
    if squared is None or squared.inputs[0] is None:
        return None
    twice = squared.inputs[1] is squared.inputs[0] if squared.op_type == "Mul" else scalar_of(squared.inputs[1]) == 2.0
    return (squared.inputs[0], mean[1]) if twice else None


def _scale_and_bias(node: ir.Node, source: ir.Value, axis: int) -> tuple[ir.Node, Array | None, Array | None]:
    """The last node that belongs to the norm, and the constants it applies."""
    rank = len(shape_of(source) or ()) - axis
    scale, after = _next_constant(node, "Mul", rank)
    last = after or node
    bias, after = _next_constant(last, "Add", rank)
    return after or last, scale, bias


def _next_constant(node: ir.Node, op: str, rank: int) -> tuple[Array | None, ir.Node | None]:
    value = node.outputs[0]
    uses = value.uses()
    if value.is_graph_output() or len(uses) != 1:
        return None, None
    reader = next(iter(uses)).node
    if reader.op_type != op or shape_of(reader.outputs[0]) != shape_of(value):
        return None, None
    other = reader.inputs[1] if reader.inputs[0] is value else reader.inputs[0]
    array = constant_of(other)
    return (array, reader) if array is not None and array.ndim <= rank else (None, None)
