"""Fold per-channel affine steps into the weights around them: BatchNormalization, Mul, Add, Sub, Div.

y = (W x + b) * s + t becomes W' x + b' with W' = s W and b' = s b + t. The other way round, W (s x + t) + b becomes
W' x + b' with W' = W s and b' = b + W t, which is exact only where no padding of x is involved.
Arithmetic is in float64; the results are rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from limen.model.edit import attribute, constant, insert, nodes_of, only_reader, producer, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, dtype_of, shape_of

_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Affine:
    """x * scale + shift, both one value per channel of the data input."""

    source: ir.Value
    scale: Array
    shift: Array


def fold_batch_norm(model: Model) -> Model:
    """Fold affine steps into the Conv, ConvTranspose, Gemm or MatMul before them, else into the one behind them."""
    return rewritten(model, fold_batch_norm_in)


def fold_batch_norm_in(graph: ir.Graph) -> int:
    """``fold_batch_norm`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "BatchNormalization", "Mul", "Add", "Sub", "Div"):
        affine = affine_of(node)
        if affine is None:
            continue
        if _into_producer(graph, node, affine) or _into_consumer(graph, node, affine):
            count += 1
    return count


def affine_of(node: ir.Node) -> Affine | None:
    """The node as an affine step over axis 1, or None."""
    if node.op_type == "BatchNormalization":
        return _batch_norm(node)
    for data, other, first in ((node.inputs[0], node.inputs[1], True), (node.inputs[1], node.inputs[0], False)):
        shape, array = shape_of(data), constant_of(other)
        if data is None or shape is None or array is None or dtype_of(data) != np.float32:
            continue
        if shape != shape_of(node.outputs[0]) or (not first and node.op_type == "Div"):
            continue
        values = _per_channel(array, shape)
        if values is None:
            continue
        ones, zeros = np.ones_like(values), np.zeros_like(values)
        if node.op_type == "Mul":
            return Affine(data, values, zeros)
        if node.op_type == "Div":
            return Affine(data, 1.0 / values, zeros) if np.all(values != 0) else None
        if node.op_type == "Add":
            return Affine(data, ones, values)
        return Affine(data, ones, -values) if first else Affine(data, -ones, values)
    return None


def _batch_norm(node: ir.Node) -> Affine | None:
    arrays = [constant_of(v) for v in node.inputs[1:5]]
    source = node.inputs[0]
    used = any(v.uses() or v.is_graph_output() for v in node.outputs[1:])
    if source is None or used or attribute(node, "training_mode", 0) or any(a is None for a in arrays):
        return None
    scale, bias, mean, variance = (np.asarray(a, np.float64) for a in arrays)
    factor = scale / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
    return Affine(source, factor, bias - mean * factor)


def _per_channel(array: Array, shape: tuple[int, ...]) -> Array | None:
    """A constant operand as one float64 per channel, if it varies along the channel axis alone."""
    if len(shape) < 2 or array.ndim > len(shape):
        return None
    axis = 1
    full = array.reshape((1,) * (len(shape) - array.ndim) + array.shape)
    others = [extent for a, extent in enumerate(full.shape) if a != axis]
    if any(extent != 1 for extent in others):
        return None
    return np.broadcast_to(full.reshape(-1).astype(np.float64), (shape[axis],)).copy()


def _into_producer(graph: ir.Graph, node: ir.Node, affine: Affine) -> bool:
    """Scale the weights of the node that makes the input."""
    maker = producer(affine.source, *_WEIGHTED)
    if maker is None or only_reader(affine.source) is not node:
        return False
    w = constant_of(maker.inputs[1])
    if w is None or w.dtype != np.float32:
        return False
    if maker.op_type == "MatMul":
        flat = w.ndim == 2 and len(shape_of(affine.source) or ()) == 2
        return flat and _matmul_to_gemm(graph, node, maker, affine, w)
    bias = _bias(maker, len(affine.scale))
    if bias is None:
        return False
    wide = _scaled(maker, w, affine.scale)
    if wide is None:
        return False
    shift = bias * affine.scale + affine.shift
    inputs = [maker.inputs[0], _weights(graph, maker, 1, wide), _weights(graph, maker, 2, shift.astype(np.float32))]
    _replace(node, maker, inputs)
    return True


def _scaled(maker: ir.Node, w: Array, scale: Array) -> Array | None:
    """The weights with each output channel scaled."""
    if maker.op_type == "Conv":
        return _round(w * scale.reshape((-1,) + (1,) * (w.ndim - 1)))
    if maker.op_type == "ConvTranspose":
        groups = attribute(maker, "group", 1)
        per_group = scale.reshape(groups, 1, -1, *(1,) * (w.ndim - 2))
        return _round((w.reshape(groups, -1, *w.shape[1:]) * per_group).reshape(w.shape))
    if attribute(maker, "alpha", 1.0) != 1.0 or attribute(maker, "beta", 1.0) != 1.0:
        return None
    return _round(w * (scale[:, None] if attribute(maker, "transB", 0) else scale[None, :]))


def _round(array: Array) -> Array:
    return np.asarray(array, np.float32)


def _bias(maker: ir.Node, channels: int) -> Array | None:
    """The bias in float64; zeros where there is none; None where it is not one value per channel."""
    if len(maker.inputs) < 3 or maker.inputs[2] is None:
        return np.zeros(channels)
    array = constant_of(maker.inputs[2])
    if array is None or array.size not in (1, channels) or array.reshape(-1).size not in (1, channels):
        return None
    if maker.op_type == "Gemm" and array.ndim == 2 and array.shape[0] != 1:
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (channels,)).copy()


def _weights(graph: ir.Graph, maker: ir.Node, index: int, array: Array) -> ir.Value:
    old = maker.inputs[index] if index < len(maker.inputs) else None
    name = str(old.name) if old is not None else f"{maker.outputs[0].name}/bias"
    return constant(graph, name, array)


def _replace(node: ir.Node, maker: ir.Node, inputs: list[ir.Value | None], op: str | None = None) -> None:
    """Put the weighted node, with other inputs, in the place of the affine one."""
    attributes = {k: a.value for k, a in maker.attributes.items()} if op is None else {}
    old = node.outputs[0]
    new = insert(node, op or maker.op_type, inputs, attributes, like=old)
    made = new.producer()
    assert made is not None
    made.name = maker.name
    substitute(old, new)
    graph = node.graph
    assert isinstance(graph, ir.Graph)
    graph.remove(node, safe=True)
    if not any(v.uses() or v.is_graph_output() for v in maker.outputs):
        graph.remove(maker, safe=True)


def _matmul_to_gemm(graph: ir.Graph, node: ir.Node, maker: ir.Node, affine: Affine, w: Array) -> bool:
    weights = constant(graph, str(maker.inputs[1].name), _round(w * affine.scale[None, :]))  # type: ignore[union-attr]
    bias = constant(graph, f"{maker.outputs[0].name}/bias", _round(affine.shift))
    _replace(node, maker, [maker.inputs[0], weights, bias], "Gemm")
    return True


def _into_consumer(graph: ir.Graph, node: ir.Node, affine: Affine) -> bool:
    """Fold into a following Conv: the scale always; the shift only where the Conv pads nothing."""
    reader = only_reader(node.outputs[0])
    if reader is None or reader.op_type != "Conv" or reader.domain not in ("", "ai.onnx"):
        return False
    w = constant_of(reader.inputs[1])
    if reader.inputs[0] is not node.outputs[0] or w is None or w.dtype != np.float32:
        return False
    padded = any(attribute(reader, "pads", ())) or attribute(reader, "auto_pad", "NOTSET").startswith("SAME")
    bias = _bias(reader, w.shape[0])
    if bias is None or (padded and np.any(affine.shift != 0)):
        return False
    groups = attribute(reader, "group", 1)
    tail = (1,) * (w.ndim - 2)
    per_group = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).astype(np.float64)
    shift = affine.shift.reshape(groups, 1, -1, *tail)
    total = bias + (per_group * shift).sum(axis=tuple(range(2, w.ndim + 1))).reshape(-1)
    scaled = (per_group * affine.scale.reshape(groups, 1, -1, *tail)).reshape(w.shape)
    reader.replace_input_with(1, constant(graph, str(reader.inputs[1].name), _round(scaled)))  # type: ignore[union-attr]
    if np.any(total != 0) or len(reader.inputs) > 2:
        reader.resize_inputs(3)
        reader.replace_input_with(2, constant(graph, f"{reader.outputs[0].name}/bias", _round(total)))
    reader.replace_input_with(0, affine.source)
    graph.remove(node, safe=True)
    return True
