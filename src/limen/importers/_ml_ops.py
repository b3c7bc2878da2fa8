"""Rewrite operators of the ai.onnx.ml domain into standard ones, so that linear models lower like any network.

Scaler, Normalizer, Binarizer, Imputer, ArrayFeatureExtractor, LinearRegressor and LinearClassifier have exact
counterparts. Trees, nearest neighbours and kernel machines stay as they are; their outputs get static shapes, which
ONNX shape inference does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from limen.model.edit import attribute, constant, insert, producer, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, shape_of

ML = ("ai.onnx.ml",)
_FLOATS: tuple[float, ...] = ()
_INTS: tuple[int, ...] = ()


def without_ml_ops(model: Model, batch: int = 1) -> Model:
    """The same computation with fewer ml operators; the same Model if there was nothing to do.

    Args:
        model: any Model.
        batch: samples per run, for the static shapes of what stays.
    """

    def rewrite(graph: ir.Graph) -> int:
        changed = 0
        for node in list(graph):
            if node.domain in ML:
                rule = _RULES.get(node.op_type)
                done = rule is not None and rule(node)
                changed += done or _annotate(node, batch)
        return changed

    return rewritten(model, rewrite)


def _floats(node: ir.Node, name: str) -> Array:
    return np.asarray(attribute(node, name, _FLOATS), np.float32)


def _ints(node: ir.Node, name: str) -> list[int]:
    return [int(i) for i in attribute(node, name, _INTS)]


def _const(node: ir.Node, array: Array, role: str) -> ir.Value:
    graph = node.graph
    assert isinstance(graph, ir.Graph)
    return constant(graph, f"{node.outputs[0].name}/{role}", array)


def _replace(node: ir.Node, value: ir.Value) -> bool:
    old = node.outputs[0]
    value.type, value.shape = old.type, old.shape
    substitute(old, value)
    return True


def _source(node: ir.Node) -> ir.Value:
    """The first input as float32."""
    value = node.inputs[0]
    assert value is not None
    if value.dtype in (None, ir.DataType.FLOAT):
        return value
    return insert(node, "Cast", [value], {"to": int(ir.DataType.FLOAT)})


def _scaler(node: ir.Node) -> bool:
    """``(x - offset) * scale``."""
    x = insert(node, "Sub", [_source(node), _const(node, _floats(node, "offset"), "offset")])
    return _replace(node, insert(node, "Mul", [x, _const(node, _floats(node, "scale"), "scale")]))


def _normalizer(node: ir.Node) -> bool:
    """Each sample divided by its norm; a zero norm leaves it as it is (L2, MAX) or divides by 1 (L1)."""
    kind, x = attribute(node, "norm", "MAX"), _source(node)
    if kind == "L1" and producer(x, "Softmax") is not None:
        x.type = node.outputs[0].type
        substitute(node.outputs[0], x)
        return True
    op, size = {"L1": ("ReduceSum", "Abs"), "L2": ("ReduceSum", "Square"), "MAX": ("ReduceMax", "Abs")}[kind]
    each = insert(node, "Mul", [x, x]) if size == "Square" else insert(node, "Abs", [x])
    norm = insert(node, op, [each, _const(node, np.asarray([1], np.int64), "axis")], {"keepdims": 1})
    norm = insert(node, "Sqrt", [norm]) if kind == "L2" else norm
    norm = insert(node, "Max", [norm, _const(node, np.asarray(1e-30, np.float32), "least")])
    return _replace(node, insert(node, "Div", [x, norm]))


def _binarizer(node: ir.Node) -> bool:
    limit = _const(node, np.asarray(attribute(node, "threshold", 0.0), np.float32), "threshold")
    above = insert(node, "Greater", [_source(node), limit])
    return _replace(node, insert(node, "Cast", [above], {"to": int(ir.DataType.FLOAT)}))


def _imputer(node: ir.Node) -> bool:
    """One value is replaced; NaN is told by differing from itself."""
    values, missing = _floats(node, "imputed_value_floats"), attribute(node, "replaced_value_float", 0.0)
    if not values.size:
        return False
    x, imputed = _source(node), _const(node, values, "imputed")
    if np.isnan(missing):
        return _replace(node, insert(node, "Where", [insert(node, "Equal", [x, x]), x, imputed]))
    hit = insert(node, "Equal", [x, _const(node, np.asarray(missing, np.float32), "missing")])
    return _replace(node, insert(node, "Where", [hit, imputed, x]))


def _extractor(node: ir.Node) -> bool:
    """Elements of the last axis by index."""
    data, index = node.inputs
    array = constant_of(index)
    if data is None or index is None or (data.dtype == ir.DataType.STRING):
        return False
    if array is not None:
        index = _const(node, array.reshape(-1).astype(np.int64), "index")
    elif index.shape is None or len(index.shape) != 1:
        index = insert(node, "Reshape", [index, _const(node, np.asarray([-1], np.int64), "flat")])
    table = constant_of(data)
    counts = table is not None and table.dtype.kind == "i" and np.array_equal(table.reshape(-1), np.arange(table.size))
    if table is not None and counts and array is None:
        shape = _const(node, np.asarray([1, -1], np.int64), "shape")
        row = insert(node, "Reshape", [index, shape], name=f"{node.outputs[0].name}/row")
        if table.dtype != np.int64:
            row = insert(node, "Cast", [row], {"to": int(ir.DataType.from_numpy(table.dtype))})
        return _replace(node, row)
    if table is not None:
        data = _const(node, table.reshape(1, -1) if table.ndim < 2 else table, "table")
    axis = len(data.shape) - 1 if data.shape is not None else 1
    return _replace(node, insert(node, "Gather", [data, index], {"axis": axis}))


def _gemm(node: ir.Node, rows: int) -> ir.Value:
    weights = _floats(node, "coefficients").reshape(rows, -1)
    offsets = _floats(node, "intercepts")
    offsets = offsets if offsets.size == rows else np.zeros(rows, np.float32)
    inputs = [_source(node), _const(node, np.ascontiguousarray(weights.T), "weight"), _const(node, offsets, "bias")]
    return insert(node, "Gemm", inputs)


def _post(node: ir.Node, x: ir.Value) -> ir.Value | None:
    kind = attribute(node, "post_transform", "NONE")
    if kind == "NONE":
        return x
    if kind in ("LOGISTIC", "SOFTMAX"):
        op, settings = ("Sigmoid", {}) if kind == "LOGISTIC" else ("Softmax", {"axis": -1})
        return insert(node, op, [x], settings)
    return None


def _regressor(node: ir.Node) -> bool:
    result = _post(node, _gemm(node, attribute(node, "targets", 1)))
    return result is not None and _replace(node, result)


def _classifier(node: ir.Node) -> bool:
    """Scores, and the class with the largest one; string classes stay with the ml operator."""
    labels = _ints(node, "classlabels_ints")
    scores = _floats(node, "intercepts").size
    if not labels or len(labels) != scores or len(node.outputs) != 2:
        return False
    raw = _gemm(node, scores)
    result = _post(node, raw)
    if result is None:
        return False
    index = insert(node, "ArgMax", [raw], {"axis": 1, "keepdims": 0})
    if labels != list(range(scores)):
        table = _const(node, np.asarray(labels, np.int64), "classes")
        index = insert(node, "Gather", [table, index], {"axis": 0})
    for old, new in zip(node.outputs, (index, result), strict=True):
        new.type, new.shape = old.type, old.shape
        substitute(old, new)
    return True


def _annotate(node: ir.Node, batch: int) -> int:
    """Give the outputs of an operator that stays a static shape; 0 if they have one."""
    if all(shape_of(v) is not None for v in node.outputs):
        return 0
    classes = max(len(_ints(node, "classlabels_ints")), len(attribute(node, "classlabels_strings", ())))
    classes = max(classes, len(_ints(node, "classlabels_int64s")))
    shapes: Sequence[tuple[int, ...]]
    if node.op_type in ("TreeEnsembleClassifier", "SVMClassifier", "LinearClassifier"):
        pairs = classes * (classes - 1) // 2
        votes = node.op_type == "SVMClassifier" and not _ints_or_floats(node, "prob_a")
        shapes = ((batch,), (batch, pairs if votes and classes > 2 else classes))
    elif node.op_type in ("TreeEnsembleRegressor", "SVMRegressor"):
        shapes = ((batch, attribute(node, "n_targets", 1)),)
    else:
        return 0
    named = len(attribute(node, "classlabels_strings", ())) > 0
    label = ir.DataType.STRING if named else ir.DataType.INT64
    for value, shape in zip(node.outputs, shapes, strict=False):
        value.shape = ir.Shape(shape)
        value.type = ir.TensorType(label if len(shape) == 1 else ir.DataType.FLOAT)
    return 1


def _ints_or_floats(node: ir.Node, name: str) -> bool:
    return bool(len(attribute(node, name, _FLOATS)))


_RULES: dict[str, Callable[[ir.Node], bool]] = {
    "Scaler": _scaler,
    "Normalizer": _normalizer,
    "Binarizer": _binarizer,
    "Imputer": _imputer,
    "ArrayFeatureExtractor": _extractor,
    "LinearRegressor": _regressor,
    "LinearClassifier": _classifier,
}
