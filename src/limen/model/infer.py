"""Types and shapes by ONNX's own rules, on a graph without its weights."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.checks import weightless_proto
from limen.model.graph import Model


def infer(model: Model) -> Model:
    """Infer types and shapes with ONNX's own rules and data propagation; the same Model if nothing is new.

    Raises:
        ModelError: two shapes of the graph contradict each other.
    """
    proto = weightless_proto(model)
    try:
        inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
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
