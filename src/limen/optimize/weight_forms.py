"""How an integer island is written in ONNX so that ONNX Runtime executes it in integers.

``real`` results: a pointwise Conv becomes Transpose, MatMul, Add, Transpose between codes and reals, which fuses to one
8-bit matrix product with a float result (MatMulIntegerToFloat): no result is rounded to 8 bits. A split input is read
by two such products with the same weights. ``coded`` results: Q/DQ on both sides of a Conv fuse to QLinearConv.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from limen.errors import Unsupported
from limen.model import Model
from limen.model.edit import constant, insert, rewritten, substitute
from limen.model.graph import Array
from limen.optimize.islands import Island, rest_of
from limen.optimize.linears import adding
from limen.optimize.schemes import quantize_bias
from limen.program import Quant

UNSIGNED = 128


def emit_islands(model: Model, islands: Sequence[Island]) -> Model:
    """The Model with these layers in integers.

    Args:
        model: the one they were made for.
        islands: by layer name; a Conv that is not pointwise, or a strided one, needs a coded result.

    Raises:
        Unsupported: a layer has no such form.
    """
    wanted = {island.layer.name: island for island in islands}

    def rewrite(graph: ir.Graph) -> int:
        emission = _Emission(graph)
        for node in list(graph):
            island = wanted.get(str(node.outputs[0].name)) if node.outputs else None
            if island is not None:
                emission.place(node, island)
        return len(wanted)

    return rewritten(model, rewrite) if wanted else model


@dataclass
class _Emission:
    """Edits one graph."""

    graph: ir.Graph

    def __post_init__(self) -> None:
        self.read: dict[tuple[str, str], ir.Value] = {}

    def place(self, node: ir.Node, island: Island) -> None:
        """Rewrite one node."""
        if island.output is not None and node.op_type == "Conv":
            self._coded(node, island)
        elif island.layer.pointwise:
            self._real(node, island)
        else:
            raise Unsupported(
                f"{island.layer.name}: a convolution over positions has no integer form with real results"
            )

    def _real(self, node: ir.Node, island: Island) -> None:
        conv = node.op_type == "Conv"
        name, old = island.layer.name, node.outputs[0]
        source = node.inputs[0]
        assert source is not None
        q = self._quantized(node, source, island.input)
        first = self._through(node, q, island.input, conv)
        result = self._product(node, first, island)
        if island.split:
            back = self._dequantize(node, q, island.input)
            rest = insert(node, "Sub", [source, back], name=f"{name}/rest", like=source)
            finer = rest_of(island.input)
            second = self._through(node, self._quantized(node, rest, finer), finer, conv)
            result = insert(
                node, "Add", [result, self._product(node, second, island)], name=f"{name}/whole", like=result
            )
        if node.op_type == "MatMul":
            self._correct(node, island)
        elif island.bias is not None:
            result = insert(node, "Add", [result, self._bias(node, island)], name=f"{name}/sum", like=result)
        if conv:
            result = insert(node, "Transpose", [result], {"perm": (0, 3, 1, 2)}, name=f"{name}/back", like=old)
        substitute(old, result)
        self.graph.remove(node, safe=True)

    def _correct(self, node: ir.Node, island: Island) -> None:
        place = adding(node)
        if place is not None and island.bias is not None:
            place[0].replace_input_with(place[1], self._bias(node, island))

    def _quantized(self, node: ir.Node, source: ir.Value, quant: Quant) -> ir.Value:
        """uint8 codes of a value, made once for all who read it."""
        key = (str(source.name), f"{quant.scale[0]!r} {quant.zero_point[0]}")
        if key not in self.read:
            scale, zero = self._parameters(str(source.name), quant)
            anchor = _after(self.graph, source) or node
            q = insert(anchor, "QuantizeLinear", [source, scale, zero], name=f"{source.name}/q")
            q.shape, q.type = source.shape, ir.TensorType(ir.DataType.UINT8)
            self.read[key] = q
        return self.read[key]

    def _parameters(self, name: str, quant: Quant) -> tuple[ir.Value, ir.Value]:
        scale = constant(self.graph, f"{name}/scale", np.asarray(quant.scale[0], np.float32))
        zero = constant(self.graph, f"{name}/zero_point", np.asarray(quant.zero_point[0] + UNSIGNED, np.uint8))
        return scale, zero

    def _dequantize(self, node: ir.Node, q: ir.Value, quant: Quant) -> ir.Value:
        scale, zero = self._parameters(str(q.name), quant)
        real = insert(node, "DequantizeLinear", [q, scale, zero], name=f"{q.name}/dq")
        real.shape, real.type = q.shape, ir.TensorType(ir.DataType.FLOAT)
        return real

    def _through(self, node: ir.Node, q: ir.Value, quant: Quant, conv: bool) -> ir.Value:
        """Real values of codes, channels last."""
        if conv:
            shape = None if q.shape is None else ir.Shape([q.shape[i] for i in (0, 2, 3, 1)])
            q = insert(node, "Transpose", [q], {"perm": (0, 2, 3, 1)}, name=f"{q.name}/last")
            q.shape, q.type = shape, ir.TensorType(ir.DataType.UINT8)
        return self._dequantize(node, q, quant)

    def _product(self, node: ir.Node, source: ir.Value, island: Island) -> ir.Value:
        codes = np.ascontiguousarray(island.codes.T)
        weights = self._weights(node, island, codes, 1)
        result = insert(node, "MatMul", [source, weights], name=f"{island.layer.name}/product")
        result.type = ir.TensorType(ir.DataType.FLOAT)
        if source.shape is not None:
            result.shape = ir.Shape([*tuple(source.shape)[:-1], island.layer.outputs])
        return result

    def _weights(self, node: ir.Node, island: Island, codes: Array, axis: int) -> ir.Value:
        key = (island.layer.name, "weights")
        if key not in self.read:
            name = f"{island.layer.name}/weights"
            zero = np.zeros(len(island.scales), np.int8)
            if island.unsigned:
                codes, zero = (codes.astype(np.int16) + 127).astype(np.uint8), np.full(zero.shape, 127, np.uint8)
            inputs = [constant(self.graph, f"{name}/codes", codes)]
            inputs.append(constant(self.graph, f"{name}/scale", island.scales.astype(np.float32)))
            inputs.append(constant(self.graph, f"{name}/zero_point", zero))
            real = insert(node, "DequantizeLinear", inputs, {"axis": axis}, name=f"{name}/dq")
            real.shape, real.type = ir.Shape(codes.shape), ir.TensorType(ir.DataType.FLOAT)
            self.read[key] = real
        return self.read[key]

    def _bias(self, node: ir.Node, island: Island) -> ir.Value:
        """int32 codes at scale input * weight, which the engine adds before it makes reals."""
        assert island.bias is not None
        name = island.layer.name
        per_channel = Quant.per_channel(island.scales, 0)
        codes, quant = quantize_bias(island.bias, island.input.scale[0], per_channel, "int32")
        stored = [constant(self.graph, f"{name}/bias/codes", codes)]
        stored.append(constant(self.graph, f"{name}/bias/scale", quant.scales))
        real = insert(node, "DequantizeLinear", stored, {"axis": 0}, name=f"{name}/bias/dq")
        real.shape, real.type = ir.Shape(codes.shape), ir.TensorType(ir.DataType.FLOAT)
        return real

    def _coded(self, node: ir.Node, island: Island) -> None:
        name, source = island.layer.name, node.inputs[0]
        assert source is not None
        assert island.output is not None
        real = self._dequantize(node, self._quantized(node, source, island.input), island.input)
        weights = self._weights(node, island, island.layer.arranged(island.codes), 0)
        inputs: list[ir.Value | None] = [real, weights]
        if island.bias is not None:
            inputs.append(self._bias(node, island))
        attributes = {key: a.value for key, a in node.attributes.items()}
        old = node.outputs[0]
        result = insert(node, "Conv", inputs, attributes, name=f"{name}/conv", like=old)
        scale, zero = self._parameters(name, island.output)
        q = insert(node, "QuantizeLinear", [result, scale, zero], name=f"{name}/q")
        q.shape, q.type = old.shape, ir.TensorType(ir.DataType.UINT8)
        substitute(old, insert(node, "DequantizeLinear", [q, scale, zero], name=f"{name}/dq", like=old))
        self.graph.remove(node, safe=True)


def _after(graph: ir.Graph, source: ir.Value) -> ir.Node | None:
    """The first reader of a value in graph order: codes made before it serve all readers."""
    readers = {use.node for use in source.uses()}
    return next((node for node in graph if node in readers), None)
