"""Decisions -> QDQ Model: QuantizeLinear and DequantizeLinear around every tensor that has a Decision.

Activations are uint8 (int8 codes shifted by 128: the same real values), because ONNX Runtime's x86 kernels are U8S8;
int16 activations need opset 21, which every loaded Model has. Weights are int8 per output channel, biases int32 at
scale input * weight. Values that only reshape or permute a decided value share its Decision, so that the engine keeps
them in integers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from limen.errors import Unsupported
from limen.model import Model
from limen.model.edit import constant, fresh_name, rewritten
from limen.model.graph import Array, constant_of, dtype_of
from limen.optimize.decisions import Decision, Decisions, Layer
from limen.optimize.schemes import quantize, quantize_bias, weight_quant, widen_for_bias
from limen.program import Quant

PASSIVE = frozenset({"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity"})
FUSED = frozenset({"Relu", "Clip"})
WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_FUSED_DEPTH = 3


def emit_qdq(model: Model, decisions: Decisions, unsigned_weights: bool = True) -> Model:
    """The Model with Q/DQ pairs; float inputs and outputs.

    Args:
        model: the float Model the decisions were made for, normalised.
        decisions: keyed by value name.
        unsigned_weights: store weight codes shifted by 128 as uint8. The real values are the same, and ONNX Runtime's
            x86 kernels without VNNI cannot saturate on them; with VNNI, and on Arm, int8 is as exact and faster.

    Raises:
        Unsupported: a layer that the decisions change has no node with the same weights here; the quantised Program can
            be raised instead.
    """
    table = _spread(model, decisions.tensors)

    def rewrite(graph: ir.Graph) -> int:
        emission = _Emission(graph, table, decisions, unsigned_weights)
        for node in list(graph):
            emission.weights(node)
        missing = {n for n, layer in decisions.layers.items() if layer.rescaled} - emission.placed
        if missing:
            raise Unsupported(f"{min(missing)}: the model has no node with this layer's weights")
        for value in [*graph.inputs, *(v for node in list(graph) for v in node.outputs)]:
            emission.activation(value)
        return 1

    return rewritten(model, rewrite)


def _spread(model: Model, tensors: Mapping[str, Decision]) -> dict[str, Decision]:
    """Decisions of activations, also of values that passive nodes make of a decided one, and the reverse."""
    table = {name: d for name, d in tensors.items() if d.quant is not None and d.quant.axis is None}
    nodes = [node for node in model.ir.graph if node.op_type in PASSIVE]
    for node in model.ir.graph:
        if node.op_type in PASSIVE or _pads_zeros(node):
            _share(table, node.inputs[0], node.outputs[0])
    for node in reversed(nodes):
        _share(table, node.outputs[0], node.inputs[0])
    return table


def _pads_zeros(node: ir.Node) -> bool:
    mode = node.attributes.get("mode")
    if node.op_type != "Pad" or (mode is not None and mode.as_string() != "constant"):
        return False
    value = node.inputs[2] if len(node.inputs) > 2 else None
    fill = constant_of(value)
    return value is None or (fill is not None and not fill.any())


def _share(table: dict[str, Decision], known: ir.Value | None, other: ir.Value | None) -> None:
    if known is None or other is None or constant_of(other) is not None:
        return
    if str(known.name) in table and str(other.name) not in table:
        table[str(other.name)] = table[str(known.name)]


@dataclass
class _Emission:
    """Edits one graph."""

    graph: ir.Graph
    table: Mapping[str, Decision]
    decisions: Decisions
    unsigned_weights: bool
    placed: set[str] = field(default_factory=set)

    def activation(self, value: ir.Value) -> None:
        """Put a Q/DQ pair behind a value; its readers, and the graph's output, get the pair's result."""
        decision = self.table.get(str(value.name))
        if decision is None or decision.quant is None or dtype_of(value) != np.float32:
            return
        uses = list(value.uses())
        outputs = [i for i, out in enumerate(self.graph.outputs) if out is value]
        if not uses and not outputs:
            return
        anchor = value.producer()
        pair = self._pair(value, decision)
        if anchor is None:
            self.graph.insert_before(self.graph[0], pair)
        else:
            self.graph.insert_after(anchor, pair)
        result = pair[1].outputs[0]
        for node, index in uses:
            node.replace_input_with(index, result)
        for index in outputs:
            name = str(value.name)
            value.name = fresh_name(self.graph, f"{name}/real")
            result.name = name
            self.graph.outputs[index] = result

    def _pair(self, value: ir.Value, decision: Decision) -> list[ir.Node]:
        assert decision.quant is not None
        name = str(value.name)
        scale = constant(self.graph, f"{name}/scale", np.asarray(decision.quant.scale[0], np.float32))
        zero = constant(self.graph, f"{name}/zero_point", _zero_point(decision))
        q = ir.node("QuantizeLinear", [value, scale, zero])
        q.name = q.outputs[0].name = fresh_name(self.graph, f"{name}/q")
        q.outputs[0].shape, q.outputs[0].type = value.shape, zero.type
        dq = ir.node("DequantizeLinear", [q.outputs[0], scale, zero])
        dq.name = dq.outputs[0].name = fresh_name(self.graph, f"{name}/dq")
        dq.outputs[0].shape, dq.outputs[0].type = value.shape, value.type
        return [q, dq]

    def weights(self, node: ir.Node) -> None:
        """Store the constant weights and bias of a node as integers, if the node's data has a Decision."""
        if node.op_type not in WEIGHTED or len(node.inputs) < 2:
            return
        result = self._decided_result(node)
        data, weight = node.inputs[0], constant_of(node.inputs[1])
        decision = self.table.get(str(data.name)) if data is not None else None
        layer = self.decisions.layers.get(result) if result is not None and weight is not None else None
        if layer is not None and result is not None and self._layer(node, layer, result, decision):
            self.placed.add(result)
            return
        if result is None or decision is None or decision.quant is None or weight is None:
            return
        if weight.dtype != np.float32:
            return
        quant = weight_quant(weight, _channel_axis(node, weight))
        bias = self._bias(node, self.decisions.shifts.get(result), len(quant.scale))
        integer_bias = bias is not None and decision.dtype == "int8" and len(bias) == len(quant.scale)
        if bias is not None and integer_bias:
            quant = widen_for_bias(quant, bias, decision.quant.scale[0])
        name = str(node.inputs[1].name)  # type: ignore[union-attr]
        node.replace_input_with(1, self._dequantized(node, name, quantize(weight, quant, "int8"), quant))
        if bias is None:
            return
        if integer_bias:
            codes, bias_quant = quantize_bias(bias, decision.quant.scale[0], quant, "int32")
            stored = self._dequantized(node, f"{result}/bias", codes, bias_quant)
        else:
            stored = constant(self.graph, f"{result}/bias", bias)
        if len(node.inputs) < 3:
            node.resize_inputs(3)
        node.replace_input_with(2, stored)

    def _layer(self, node: ir.Node, layer: Layer, result: str, data: Decision | None) -> bool:
        """Store what the passes made of the weights and the bias, if this node had the same to begin with.

        Where the engine reads the data in float, the real values are stored.
        """
        weight = constant_of(node.inputs[1])
        decided = self.decisions.tensors[layer.name].quant
        arrange = _arrangement(layer.source, weight)
        place = self._adding(node) if node.op_type == "MatMul" else (node, 2)
        before = constant_of(place[0].inputs[place[1]]) if place and len(place[0].inputs) > place[1] else None
        if arrange is None or weight is None or decided is None or not _same_bias(layer.source_bias, before):
            return False
        quant = decided if decided.axis is None else Quant.per_channel(decided.scales, _channel_axis(node, weight) or 0)
        stored, name = arrange(layer.weights), str(node.inputs[1].name)  # type: ignore[union-attr]
        if data is None or data.quant is None:
            node.replace_input_with(1, constant(self.graph, f"{result}/weights", stored))
        else:
            node.replace_input_with(1, self._dequantized(node, name, quantize(stored, quant, "int8"), quant))
        if layer.bias is None or place is None:
            return True
        bias = constant(self.graph, f"{result}/bias", layer.bias)
        if node.op_type != "MatMul" and data is not None and data.quant is not None and data.dtype == "int8":
            codes, bias_quant = quantize_bias(layer.bias, data.quant.scale[0], quant, "int32")
            bias = self._dequantized(node, f"{result}/bias", codes, bias_quant)
        if len(place[0].inputs) <= place[1]:
            place[0].resize_inputs(place[1] + 1)
        place[0].replace_input_with(place[1], bias)
        return True

    def _adding(self, node: ir.Node) -> tuple[ir.Node, int] | None:
        """The Add of a constant vector behind a MatMul, and which of its inputs that is."""
        uses = list(node.outputs[0].uses())
        if len(uses) == 1 and uses[0].node.op_type == "Add":
            for index, value in enumerate(uses[0].node.inputs):
                added = constant_of(value)
                if added is not None and added.ndim == 1:
                    return uses[0].node, index
        return None

    def _bias(self, node: ir.Node, shift: tuple[float, ...] | None, channels: int) -> Array | None:
        """Real values of the bias with its correction; of a MatMul, the correction goes into the Add behind it."""
        bias = constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
        if len(node.inputs) > 2 and node.inputs[2] is not None and (bias is None or bias.ndim != 1):
            return None
        if shift is None or len(shift) != channels:
            return bias
        if node.op_type == "MatMul":
            self._correct_add(node, np.asarray(shift, np.float32))
            return None
        return np.asarray(shift, np.float32) if bias is None else np.asarray(bias + np.asarray(shift, np.float32))

    def _correct_add(self, node: ir.Node, shift: Array) -> None:
        for use in list(node.outputs[0].uses()):
            for index, value in enumerate(use.node.inputs):
                added = constant_of(value)
                if use.node.op_type == "Add" and added is not None and added.shape == shift.shape:
                    use.node.replace_input_with(index, constant(self.graph, f"{use.node.name}/bias", added + shift))

    def _decided_result(self, node: ir.Node) -> str | None:
        """Name of the node's result if it has a Decision, or of what engines fuse behind it: bias and activation."""
        value = node.outputs[0]
        for _ in range(_FUSED_DEPTH):
            if str(value.name) in self.table:
                return str(value.name)
            readers = [use.node for use in value.uses()]
            if len(readers) != 1 or not _fuses(node, readers[0]):
                return None
            value = readers[0].outputs[0]
        return None

    def _dequantized(self, node: ir.Node, name: str, codes: Array, quant: Quant) -> ir.Value:
        per_channel = quant.axis is not None
        scales = np.asarray(quant.scales if per_channel else quant.scales[0])
        zeros = np.zeros(scales.shape, codes.dtype)
        if self.unsigned_weights and codes.dtype == np.int8:
            codes, zeros = (codes.astype(np.int16) + 127).astype(np.uint8), np.full(scales.shape, 127, np.uint8)
        stored = constant(self.graph, f"{name}/codes", codes)
        inputs = [
            stored,
            constant(self.graph, f"{name}/scale", scales),
            constant(self.graph, f"{name}/zero_point", zeros),
        ]
        dq = ir.node("DequantizeLinear", inputs, {"axis": quant.axis} if per_channel else {})
        dq.name = dq.outputs[0].name = fresh_name(self.graph, f"{name}/dq")
        dq.outputs[0].shape = ir.Shape(codes.shape)
        dq.outputs[0].type = ir.TensorType(ir.DataType.FLOAT)
        self.graph.insert_before(node, dq)
        return dq.outputs[0]


def _arrangement(source: Array, weight: Array | None) -> Callable[[Array], Array] | None:
    """How a Program's weights become the node's, found by comparing the values; None where they differ."""
    orders = ((0, 3, 1, 2), (3, 0, 1, 2)) if source.ndim == 4 else ((0, 1), (1, 0))
    for order in orders if weight is not None else ():
        assert weight is not None
        arranged = source.transpose(order)
        if arranged.size == weight.size and np.array_equal(arranged.reshape(weight.shape), weight):
            return functools.partial(_arranged, order=order, shape=weight.shape)
    return None


def _arranged(values: Array, order: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(values.transpose(order).reshape(shape))


def _same_bias(source: Array | None, bias: Array | None) -> bool:
    if source is None or bias is None:
        return not any(b is not None and b.any() for b in (source, bias))
    return source.size == bias.size and np.array_equal(source.reshape(-1), bias.reshape(-1))


def _fuses(node: ir.Node, reader: ir.Node) -> bool:
    if reader.op_type in FUSED:
        return True
    return (
        node.op_type == "MatMul" and reader.op_type == "Add" and any(constant_of(v) is not None for v in reader.inputs)
    )


def _zero_point(decision: Decision) -> Array:
    assert decision.quant is not None
    zero = decision.quant.zero_point[0]
    if decision.dtype == "int8":
        return np.asarray(zero + 128, np.uint8)
    return np.asarray(zero, np.dtype(decision.dtype))


def _channel_axis(node: ir.Node, weight: Array) -> int | None:
    if node.op_type == "Conv":
        return 0
    if node.op_type == "ConvTranspose":
        group = node.attributes.get("group")
        return 1 if group is None or group.as_int() == 1 else None
    if node.op_type == "Gemm":
        transposed = node.attributes.get("transB")
        return 0 if transposed is not None and transposed.as_int() else 1
    return weight.ndim - 1 if weight.ndim == 2 else None
