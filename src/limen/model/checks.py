"""What a Model must satisfy: the ONNX checker's rules and limen's own."""

from __future__ import annotations

import math

import onnx
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.graph import Model, shape_of

MIN_OPSET = 7
MAX_OPSET = onnx.defs.onnx_opset_version()
MAX_VALUE_ELEMENTS = 1 << 30
_SMALL = 2048


def check(model: Model) -> Model:
    """Return the same Model if it is valid.

    Raises:
        ModelError: names the rule, the node or the value.
    """
    if "" not in model.ir.opset_imports and "ai.onnx" not in model.ir.opset_imports:
        raise ModelError(f"{model.name}: names no version of the standard operator set")
    if not MIN_OPSET <= model.opset <= MAX_OPSET:
        raise ModelError(
            f"{model.name}: opset {model.opset} is not supported", f"export with opset {MIN_OPSET} to {MAX_OPSET}"
        )
    if not model.ir.graph.outputs:
        raise ModelError(f"{model.name}: has no output")
    _check_values(model.ir.graph)
    proto = weightless_proto(model)
    for value in (*proto.graph.input, *proto.graph.output):
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.SetInParent()  # the checker wants one, inference finds it
    try:
        onnx.checker.check_model(proto, skip_opset_compatibility_check=True)
    except (onnx.checker.ValidationError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"{model.name}: the ONNX checker refuses it: {' '.join(str(error).split())}") from error
    return model.with_states(model.states)


def _check_values(graph: ir.Graph) -> None:
    for value in (*graph.inputs, *graph.outputs):
        if not value.name:
            raise ModelError("the graph has an input or output without a name")
        if isinstance(value.type, ir.SequenceType | ir.OptionalType):
            raise ModelError(f"{value.name}: sequences and optionals are not supported at the border")
    for node in graph.all_nodes():
        for value in filter(None, node.inputs):
            if value.producer() is None and not value.is_graph_input() and not value.is_initializer():
                raise ModelError(f"{node.name or node.op_type}: reads {value.name}, which nothing makes")
    for node in graph:
        for value in node.outputs:
            shape = shape_of(value)
            if shape is not None and (min(shape, default=0) < 0 or math.prod(shape) > MAX_VALUE_ELEMENTS):
                raise ModelError(f"{node.name or node.op_type}: {value.name} of shape {list(shape)} is too large")


def weightless_proto(model: Model) -> onnx.ModelProto:
    """The graph as protobuf, with every large initialiser turned into an input of its shape and type."""
    try:
        copy = model.ir.clone()
    except RuntimeError as error:
        raise ModelError(f"{model.name}: the graph reads values that nothing makes") from error
    graph = copy.graph
    copy.ir_version = max(copy.ir_version or 8, 8)
    for name, value in list(graph.initializers.items()):
        tensor = value.const_value
        if tensor is None or tensor.nbytes <= _SMALL:
            continue
        value.shape = ir.Shape(tensor.numpy().shape)
        value.type = ir.TensorType(tensor.dtype)
        value.const_value = None
        del graph.initializers[name]
        if not value.is_graph_input():
            graph.inputs.append(value)
    try:
        return ir.to_proto(copy)
    except Exception as error:
        raise ModelError(f"{model.name}: the graph cannot be written as ONNX: {error}") from error
