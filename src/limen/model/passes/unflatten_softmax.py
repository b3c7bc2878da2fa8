"""Give back to Softmax the axis that the form of before opset 13 hid in a Flatten and a Reshape."""

from __future__ import annotations

import math

import onnx_ir as ir

from limen.model.edit import attribute, insert, nodes_of, producer, rewritten, substitute
from limen.model.graph import Model, shape_of


def unflatten_softmax(model: Model) -> Model:
    """Reshape(Softmax(Flatten(x, axis))) becomes Softmax(x, axis) where all axes behind ``axis`` are 1."""
    return rewritten(model, unflatten_softmax_in)


def unflatten_softmax_in(graph: ir.Graph) -> int:
    """``unflatten_softmax`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "Reshape"):
        soft = producer(node.inputs[0], "Softmax", "LogSoftmax", "Hardmax")
        flat = producer(soft.inputs[0], "Flatten") if soft is not None else None
        if soft is None or flat is None or attribute(soft, "axis", -1) not in (-1, 1):
            continue
        source, shape = flat.inputs[0], shape_of(flat.inputs[0])
        if shape is None or shape != shape_of(node.outputs[0]):
            continue
        axis = attribute(flat, "axis", 1) % (len(shape) or 1)
        if math.prod(shape[axis + 1 :]) != 1:
            continue
        substitute(node.outputs[0], insert(node, soft.op_type, [source], {"axis": axis}, like=node.outputs[0]))
        graph.remove(node, safe=True)
        count += 1
    return count
