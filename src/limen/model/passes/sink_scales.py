"""Let a scale meet the convolution behind it: x * s + b becomes (x + b / s) * s, where only the sum is in the way.

Exporters leave a learned affine step behind an activation (``hard_swish(x) * s + b`` in mobile networks). In this order
``fold_batch_norm`` takes the scale into the next Conv even where that pads: zeros padded behind the step stay zeros.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from limen.model.edit import constant, insert, nodes_of, only_reader, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, shape_of
from limen.model.passes.fold_batch_norm import affine_of

SMALLEST = 1e-6


def sink_scales(model: Model) -> Model:
    """Swap every Mul whose result only an Add reads, in front of a Conv."""
    return rewritten(model, sink_scales_in)


def sink_scales_in(graph: ir.Graph) -> int:
    """``sink_scales`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "Mul", "Div"):
        scaled = affine_of(node)
        added = only_reader(node.outputs[0])
        if scaled is None or added is None or added.op_type not in ("Add", "Sub"):
            continue
        shifted = affine_of(added)
        reader = only_reader(added.outputs[0])
        if shifted is None or shifted.source is not node.outputs[0] or np.any(shifted.scale != 1.0):
            continue
        if reader is None or reader.op_type != "Conv" or constant_of(reader.inputs[1]) is None:
            continue
        if reader.inputs[0] is not added.outputs[0] or np.any(np.abs(scaled.scale) < SMALLEST):
            continue
        _swap(graph, added, scaled.source, scaled.scale, shifted.shift / scaled.scale)
        count += 1
    return count


def _swap(graph: ir.Graph, added: ir.Node, source: ir.Value, scale: Array, shift: Array) -> None:
    old = added.outputs[0]
    rank = len(shape_of(old) or ())
    first = constant(graph, f"{old.name}/shift", _along_channels(shift, rank))
    second = constant(graph, f"{old.name}/scale", _along_channels(scale, rank))
    moved = insert(added, "Add", [source, first], like=old)
    substitute(old, insert(added, "Mul", [moved, second], like=old))
    graph.remove(added, safe=True)


def _along_channels(values: Array, rank: int) -> Array:
    """One value per channel as an operand; a single number where they are all the same."""
    if np.all(values == values[0]):
        return np.asarray(values[:1], np.float32)
    return np.asarray(values.reshape(1, -1, *(1,) * (rank - 2)), np.float32)
