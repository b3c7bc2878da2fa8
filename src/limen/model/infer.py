"""Types and shapes by ONNX's own rules, on a graph without its weights."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.checks import weightless_proto
from limen.model.graph import Model, shape_of

_POOLS = ("MaxPool", "AveragePool", "LpPool")
_UNSET = b"NOTSET"
_UNKNOWN = "limen.unknown"
_ERRORS = (onnx.shape_inference.InferenceError, RuntimeError, ValueError, TypeError, IndexError, ArithmeticError)


def infer(model: Model) -> Model:
    """Infer types and shapes with ONNX's own rules and data propagation; the same Model if nothing is new.

    Raises:
        ModelError: two shapes of the graph contradict each other.
    """
    proto = weightless_proto(model)
    try:
        _exact_pools(proto, model)
        inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except _ERRORS as error:
        raise ModelError(f"{model.name}: shapes contradict each other: {' '.join(str(error).split())}") from error
    found = {info.name: info.type for info in (*inferred.graph.value_info, *inferred.graph.output)}
    news = {}
    for node in model.ir.graph:
        for value in node.outputs:
            new = found.get(str(value.name))
            if new is not None and _is_news(value, new):
                news[str(value.name)] = new
    if not news:
        return model
    copy = model.ir.clone()
    for node in copy.graph:
        for value in node.outputs:
            if str(value.name) in news:
                _annotate(value, news[str(value.name)])
    return model.with_ir(copy)


def _exact_pools(proto: onnx.ModelProto, model: Model) -> None:
    """State the extents of pools with ceil_mode by their padding.

    A window that starts behind the input and its leading padding does not count (operator pages of MaxPool and
    AveragePool), which ONNX's own inference overlooks. Where the input's shape is not known yet, inference stops.
    """
    proto.opset_import.append(onnx.helper.make_opsetid(_UNKNOWN, 1))
    shapes = {v.name: shape_of(v) for node in model.ir.graph for v in node.inputs if v is not None}
    for node in proto.graph.node:
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type not in _POOLS or not settings.get("ceil_mode") or settings.get("auto_pad", _UNSET) != _UNSET:
            continue
        shape, kernel = shapes.get(node.input[0]), settings.get("kernel_shape", ())
        rank = len(kernel)
        if shape is None or rank == 0 or len(shape) != rank + 2:
            node.domain = _UNKNOWN
            continue
        strides, dilations = settings.get("strides", [1] * rank), settings.get("dilations", [1] * rank)
        pads = list(settings.get("pads", [0] * (2 * rank)))
        for axis in range(rank):
            span = (kernel[axis] - 1) * dilations[axis] + 1
            padded = shape[2 + axis] + pads[axis] + pads[rank + axis]
            count = -(-(padded - span) // strides[axis]) + 1
            if (count - 1) * strides[axis] >= shape[2 + axis] + pads[axis]:
                count -= 1
            pads[rank + axis] = max(0, (count - 1) * strides[axis] + span - shape[2 + axis] - pads[axis])
        kept = [a for a in node.attribute if a.name not in ("pads", "ceil_mode")]
        del node.attribute[:]
        node.attribute.extend([*kept, onnx.helper.make_attribute("pads", pads)])


def _is_news(value: ir.Value, proto: onnx.TypeProto) -> bool:
    if not proto.HasField("tensor_type"):
        return False
    if value.dtype is None and proto.tensor_type.elem_type:
        return True
    if not proto.tensor_type.HasField("shape"):
        return False
    dims = proto.tensor_type.shape.dim
    if value.shape is None:
        return True
    known = sum(isinstance(d, int) for d in value.shape)
    return bool(sum(d.HasField("dim_value") for d in dims) > known)


def _annotate(value: ir.Value, proto: onnx.TypeProto) -> None:
    tensor = proto.tensor_type
    if tensor.elem_type:
        value.type = ir.TensorType(ir.DataType(tensor.elem_type))
    if tensor.HasField("shape"):
        value.shape = ir.Shape(
            [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in tensor.shape.dim]
        )
