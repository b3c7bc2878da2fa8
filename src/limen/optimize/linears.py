"""The layers of a Model that multiply by constant weights, in one form: rows of inputs times a matrix [outputs, depth].

Conv of one group, MatMul and Gemm. ``rows`` gives what a layer multiplies; ``matrix`` and ``arranged`` turn weights to
that form and back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from limen.model import Model
from limen.model.edit import attribute, nodes_of, only_reader
from limen.model.graph import Array, constant_of, dtype_of, shape_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Linear:
    """One layer.

    Args:
        name: of the node's result.
        op: Conv, MatMul or Gemm.
        source: name of its data input.
        weights: float32, as stored.
        bias: float32 [outputs]; None where there is none that can be changed.
        macs: multiply-accumulates of one run.
        strides, pads, dilations: of a Conv: two, four and two numbers.
        transposed: a Gemm's weights are stored [outputs, depth].
    """

    name: str
    op: str
    source: str
    weights: Array
    bias: Array | None
    macs: int
    strides: tuple[int, ...] = (1, 1)
    pads: tuple[int, ...] = (0, 0, 0, 0)
    dilations: tuple[int, ...] = (1, 1)
    transposed: bool = False

    @property
    def outputs(self) -> int:
        return int(self.weights.shape[0] if self.op == "Conv" or self.transposed else self.weights.shape[1])

    @property
    def depth(self) -> int:
        return self.weights.size // self.outputs

    @property
    def pointwise(self) -> bool:
        """Whether every output position reads one input position."""
        if self.op != "Conv":
            return True
        return self.weights.shape[2:] == (1, 1) and not any(self.pads) and self.strides == (1, 1)

    @property
    def matrix(self) -> Floats:
        """Weights as float64 [outputs, depth]."""
        if self.op == "Conv":
            return self.weights.reshape(self.outputs, -1).astype(np.float64)
        return (self.weights if self.transposed else self.weights.T).astype(np.float64)

    def arranged(self, matrix: Array) -> Array:
        """A matrix [outputs, depth] in the weights' own shape."""
        if self.op == "Conv":
            return np.ascontiguousarray(matrix.reshape(self.weights.shape))
        return np.ascontiguousarray(matrix if self.transposed else matrix.T)

    def rows(self, value: Array) -> Array:
        """What the weights are multiplied with: value of the data input -> [positions, depth]."""
        if self.op != "Conv":
            return value.reshape(-1, value.shape[-1])
        if self.pointwise:
            return value.transpose(0, 2, 3, 1).reshape(-1, value.shape[1])
        top, left, bottom, right = self.pads
        value = np.pad(value, ((0, 0), (0, 0), (top, bottom), (left, right)))
        extent = [(k - 1) * d + 1 for k, d in zip(self.weights.shape[2:], self.dilations, strict=True)]
        view = np.lib.stride_tricks.sliding_window_view(value, extent, axis=(2, 3))
        view = view[:, :, :: self.strides[0], :: self.strides[1], :: self.dilations[0], :: self.dilations[1]]
        return view.transpose(0, 2, 3, 1, 4, 5).reshape(-1, self.depth)


def linears(model: Model) -> tuple[Linear, ...]:
    """All such layers of a Model with static shapes, in order."""
    found = (_READERS[node.op_type](node) for node in nodes_of(model.ir.graph, *_READERS))
    return tuple(layer for layer in found if layer is not None)


def adding(node: ir.Node) -> tuple[ir.Node, int] | None:
    """The Add of a constant vector that alone reads a MatMul's result, and which of its inputs the vector is."""
    reader = only_reader(node.outputs[0])
    if reader is None or reader.op_type != "Add":
        return None
    for index, value in enumerate(reader.inputs):
        vector = constant_of(value)
        if vector is not None and vector.ndim == 1 and vector.dtype == np.float32:
            return reader, index
    return None


def _common(node: ir.Node) -> tuple[str, Array] | None:
    source, weights = node.inputs[0], constant_of(node.inputs[1])
    if source is None or weights is None or weights.dtype != np.float32 or constant_of(source) is not None:
        return None
    if dtype_of(source) != np.float32 or shape_of(node.outputs[0]) is None:
        return None
    return str(source.name), weights


def _conv(node: ir.Node) -> Linear | None:
    common = _common(node)
    if common is None or common[1].ndim != 4 or attribute(node, "group", 1) != 1:
        return None
    if attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    has_bias = len(node.inputs) > 2 and node.inputs[2] is not None
    bias = constant_of(node.inputs[2]) if has_bias else np.zeros(common[1].shape[0], np.float32)
    if bias is None:
        return None
    strides, dilations = (attribute(node, key, (1, 1)) for key in ("strides", "dilations"))
    pads = attribute(node, "pads", (0, 0, 0, 0))
    size = math.prod(shape_of(node.outputs[0]) or ())
    macs = size * math.prod(common[1].shape[1:])
    return Linear(str(node.outputs[0].name), "Conv", *common, bias, macs, strides, pads, dilations)


def _matmul(node: ir.Node) -> Linear | None:
    common = _common(node)
    if common is None or common[1].ndim != 2:
        return None
    place = adding(node)
    bias = constant_of(place[0].inputs[place[1]]) if place else None
    if bias is not None and bias.shape != common[1].shape[1:]:
        bias = None
    macs = math.prod(shape_of(node.outputs[0]) or ()) * common[1].shape[0]
    return Linear(str(node.outputs[0].name), "MatMul", *common, bias, macs)


def _gemm(node: ir.Node) -> Linear | None:
    common = _common(node)
    plain = attribute(node, "alpha", 1.0) == 1.0 and attribute(node, "beta", 1.0) == 1.0
    if common is None or not plain or attribute(node, "transA", 0):
        return None
    transposed = bool(attribute(node, "transB", 0))
    outputs = common[1].shape[0 if transposed else 1]
    has_bias = len(node.inputs) > 2 and node.inputs[2] is not None
    bias = constant_of(node.inputs[2]) if has_bias else np.zeros(outputs, np.float32)
    if bias is None or bias.size not in (1, outputs):
        return None
    bias = np.broadcast_to(bias.reshape(-1), (outputs,)).astype(np.float32)
    macs = math.prod(shape_of(node.outputs[0]) or ()) * common[1].shape[1 if transposed else 0]
    return Linear(str(node.outputs[0].name), "Gemm", *common, bias, macs, transposed=transposed)


_READERS: dict[str, Callable[[ir.Node], Linear | None]] = {"Conv": _conv, "MatMul": _matmul, "Gemm": _gemm}
