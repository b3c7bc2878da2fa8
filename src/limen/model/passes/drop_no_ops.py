"""Remove nodes that return their input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from limen.model.edit import attribute, rewritten, scalar_of
from limen.model.graph import Model, constant_of, dtype_of, shape_of


def drop_no_ops(model: Model) -> Model:
    """Remove Identity, Dropout, Casts to the same type, Reshapes and Transposes that change nothing, x + 0, x * 1 ...

    A value that is a graph output keeps its node where its source is an input, a constant or another output.
    """
    return rewritten(model, drop_no_ops_in)


def drop_no_ops_in(graph: ir.Graph) -> int:
    """``drop_no_ops`` in place; returns how many places it changed."""
    count = 0
    for node in list(graph):
        if node.domain in ("", "ai.onnx") and node.op_type in _RULES:
            source = _RULES[node.op_type](node)
            if source is not None and _replace(graph, node, source):
                count += 1
    return count


def _replace(graph: ir.Graph, node: ir.Node, source: ir.Value) -> bool:
    old = node.outputs[0]
    if old.is_graph_output():
        maker = source.producer()
        if maker is None or source.is_graph_output() or source.is_initializer() or source.is_graph_input():
            return False
        if len(node.outputs) > 1 and any(v.uses() for v in node.outputs[1:]):
            return False
        for index, output in enumerate(graph.outputs):
            if output is old:
                graph.outputs[index] = source
        name, old.name = old.name, f"{old.name}/dropped"
        source.name = name
    old.replace_all_uses_with(source)
    graph.remove(node, safe=True)
    return True


def _identity(node: ir.Node) -> ir.Value | None:
    return node.inputs[0]


def _dropout(node: ir.Node) -> ir.Value | None:
    training = node.inputs[2] if len(node.inputs) > 2 else None
    if training is not None and (constant_of(training) is None or bool(np.any(constant_of(training)))):
        return None
    used = len(node.outputs) > 1 and (node.outputs[1].uses() or node.outputs[1].is_graph_output())
    return None if used else node.inputs[0]


def _cast(node: ir.Node) -> ir.Value | None:
    source = node.inputs[0]
    return source if source is not None and source.dtype == ir.DataType(attribute(node, "to", 0)) else None


def _cast_like(node: ir.Node) -> ir.Value | None:
    source, like = node.inputs[0], node.inputs[1]
    known = source is not None and like is not None and source.dtype is not None
    return source if known and source.dtype == like.dtype else None  # type: ignore[union-attr]


def _same_shape(node: ir.Node) -> ir.Value | None:
    source, shape = node.inputs[0], shape_of(node.inputs[0])
    return source if shape is not None and shape == shape_of(node.outputs[0]) else None


def _transpose(node: ir.Node) -> ir.Value | None:
    permutation = attribute(node, "perm", ())
    return node.inputs[0] if permutation and permutation == tuple(range(len(permutation))) else None


def _concat(node: ir.Node) -> ir.Value | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


def _neutral(element: float, commutes: bool) -> Callable[[ir.Node], ir.Value | None]:
    def rule(node: ir.Node) -> ir.Value | None:
        pairs = [(node.inputs[0], node.inputs[1])] + ([(node.inputs[1], node.inputs[0])] if commutes else [])
        for data, other in pairs:
            shape, array = shape_of(data), constant_of(other)
            same = shape is not None and shape == shape_of(node.outputs[0]) and dtype_of(data) == dtype_of(other)
            if same and array is not None and array.size and bool(np.all(array == element)):
                return data
        return None

    return rule


def _pad(node: ir.Node) -> ir.Value | None:
    pads = constant_of(node.inputs[1])
    return node.inputs[0] if pads is not None and not pads.any() else None


def _power(node: ir.Node) -> ir.Value | None:
    return node.inputs[0] if scalar_of(node.inputs[1]) == 1.0 and _same_shape(node) is not None else None


_RULES = {
    "Identity": _identity,
    "Dropout": _dropout,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Reshape": _same_shape,
    "Flatten": _same_shape,
    "Squeeze": _same_shape,
    "Unsqueeze": _same_shape,
    "Expand": _same_shape,
    "Slice": lambda node: _same_shape(node) if _forward(node) else None,
    "Tile": _same_shape,
    "Transpose": _transpose,
    "Concat": _concat,
    "Sum": _concat,
    "Max": _concat,
    "Min": _concat,
    "Mean": _concat,
    "Pad": _pad,
    "Pow": _power,
    "Add": _neutral(0.0, True),
    "Sub": _neutral(0.0, False),
    "Mul": _neutral(1.0, True),
    "Div": _neutral(1.0, False),
}


def _forward(node: ir.Node) -> bool:
    """Whether a Slice has positive steps only."""
    if len(node.inputs) < 5 or node.inputs[4] is None:
        return True
    steps = constant_of(node.inputs[4])
    return steps is not None and bool(np.all(steps > 0))
