"""Compute at import what depends on constants and static shapes alone."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

from limen.model.edit import attribute, constant, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, shape_of

MAX_ELEMENTS = 1 << 24
_SMALL = 4096
_KEEP = {
    "QuantizeLinear", "DequantizeLinear", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
    "Bernoulli", "Multinomial", "If", "Loop", "Scan", "SequenceMap", "Constant", "ImageDecoder",
}  # fmt: skip
_GROWS = {"ConstantOfShape", "Expand", "Tile", "Range", "Pad", "OneHot", "Resize", "EyeLike", "Gather", "GatherND"}


def fold_constants(model: Model) -> Model:
    """Replace nodes whose inputs are constants, and Shape and Size of static values, by initialisers.

    A result of more than ``MAX_ELEMENTS`` elements is left to the engine.
    """
    return rewritten(model, fold_constants_in)


def fold_constants_in(graph: ir.Graph) -> int:
    """``fold_constants`` in place; returns how many places it changed."""
    count = 0
    for node in list(graph):
        results = _results(node, graph)
        if results is None:
            continue
        for value, array in zip(node.outputs, results, strict=False):
            if value.name and (value.uses() or value.is_graph_output()):
                replace_by_constant(graph, value, array)
        graph.remove(node, safe=True)
        count += 1
    return count


def replace_by_constant(graph: ir.Graph, value: ir.Value, array: Array) -> None:
    """Let an initialiser of the same name take the place of a computed value."""
    if value.is_graph_output():
        substitute(value, constant(graph, f"{value.name}/value", array))
        return
    name, new = value.name, constant(graph, f"{value.name}/value", array)
    value.replace_all_uses_with(new)
    del graph.initializers[str(new.name)]
    value.name = f"{name}/folded"
    new.name = name
    graph.register_initializer(new)


def _results(node: ir.Node, graph: ir.Graph) -> Sequence[Array] | None:
    if node.domain not in ("", "ai.onnx") or node.op_type in _KEEP:
        return None
    if node.op_type in ("Shape", "Size"):
        return _of_shape(node)
    if node.op_type == "Identity" and node.outputs[0].is_graph_output():
        return None
    inputs = [None if v is None else constant_of(v) for v in node.inputs]
    if any(v is not None and a is None for v, a in zip(node.inputs, inputs, strict=True)):
        return None
    if any(a is not None and a.dtype.kind not in "fiub" for a in inputs) or not _bounded(node, inputs):
        return None
    fast = _FAST.get(node.op_type)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if fast is not None:
                return [fast(node, *inputs)]
            return _reference(node, inputs, graph)
        except Exception:  # the engine, or the shape rule, says what is wrong with the node
            return None


def _of_shape(node: ir.Node) -> Sequence[Array] | None:
    shape = shape_of(node.inputs[0])
    if shape is None:
        return None
    if node.op_type == "Size":
        return [np.asarray(math.prod(shape), np.int64)]
    end = attribute(node, "end", len(shape))
    return [np.asarray(shape[attribute(node, "start", 0) : end], np.int64)]


def _bounded(node: ir.Node, inputs: Sequence[Array | None]) -> bool:
    """Whether the results are small enough, known before they are computed."""
    shapes = [shape_of(v) for v in node.outputs if v.name]
    if all(s is not None for s in shapes):
        return sum(math.prod(s) for s in shapes if s is not None) <= MAX_ELEMENTS
    total = sum(a.size for a in inputs if a is not None)
    if node.op_type not in _GROWS:
        return total <= _SMALL
    if node.op_type == "ConstantOfShape":
        return _product(inputs[0]) <= MAX_ELEMENTS
    if node.op_type in ("Expand", "Tile"):
        return total * max(1, _product(inputs[1])) <= MAX_ELEMENTS
    if node.op_type == "Range":
        start, limit, step = (float(np.asarray(a).reshape(-1)[0]) for a in inputs)
        return step != 0 and abs((limit - start) / step) <= MAX_ELEMENTS
    return False


def _product(array: Array | None) -> float:
    return math.prod(float(v) for v in np.asarray(array).reshape(-1)[:64])


def _reference(node: ir.Node, inputs: Sequence[Array | None], graph: ir.Graph) -> Sequence[Array]:
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
    outputs = [f"o{k}" if v.name else "" for k, v in enumerate(node.outputs)]
    proto = onnx.helper.make_node(node.op_type, names, outputs)
    proto.attribute.extend(ir.to_proto(a) for a in node.attributes.values())
    kept = [o for o in outputs if o]
    typed = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.UNDEFINED, None) for n in names if n]
    results = [onnx.helper.make_tensor_value_info(o, onnx.TensorProto.UNDEFINED, None) for o in kept]
    version = graph.opset_imports.get("", 21) if isinstance(graph, ir.Graph) else 21
    model = onnx.helper.make_model(
        onnx.helper.make_graph([proto], "fold", typed, results),
        opset_imports=[onnx.helper.make_opsetid("", version)],
    )
    feeds = {n: a for n, a in zip(names, inputs, strict=True) if n}
    values = dict(zip(kept, ReferenceEvaluator(model).run(None, feeds), strict=True))
    arrays = [np.asarray(values[o]) if o else np.zeros(0) for o in outputs]
    if any(not isinstance(values[o], np.ndarray | np.generic) for o in kept):
        raise TypeError("the result is no tensor")
    if any(a.dtype.kind not in "fiub" for a in arrays):
        raise TypeError("the result is not numeric")
    return arrays


def _axes(array: Array, rank: int) -> tuple[int, ...]:
    return tuple(int(a) % rank for a in array.reshape(-1))


def _unsqueeze(node: ir.Node, data: Array, axes: Array) -> Array:
    return np.expand_dims(data, _axes(axes, data.ndim + axes.size))


def _squeeze(node: ir.Node, data: Array, axes: Array | None = None) -> Array:
    return np.squeeze(data, None if axes is None else _axes(axes, data.ndim))


def _cast(node: ir.Node, data: Array) -> Array:
    dtype = np.dtype(ir.DataType(attribute(node, "to", 1)).numpy())
    if data.dtype.kind == "f" and dtype.kind not in "fiub":
        raise TypeError("rounding modes are the reference's business")
    return data.astype(dtype)


def _concat(node: ir.Node, *parts: Array) -> Array:
    return np.concatenate(parts, attribute(node, "axis", 0))


def _gather(node: ir.Node, data: Array, indices: Array) -> Array:
    return np.take(data, indices, attribute(node, "axis", 0))


def _binary(function: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    return lambda node, a, b: function(a, b)


_FAST: dict[str, Callable[..., Array]] = {
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Cast": _cast,
    "Concat": _concat,
    "Gather": _gather,
    "Add": _binary(np.add),
    "Sub": _binary(np.subtract),
    "Mul": _binary(np.multiply),
}
