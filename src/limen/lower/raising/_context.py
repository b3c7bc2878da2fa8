"""Collect ONNX nodes while a Program is raised: real values by tensor name, codes where a tensor is quantised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from limen.program import Array, Node, Program, Quant, Tensor

_TYPES = {
    "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "int16": TensorProto.INT16, "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32, "uint32": TensorProto.UINT32, "int64": TensorProto.INT64, "bool": TensorProto.BOOL,
}  # fmt: skip


@dataclass
class Raising:
    """The graph in the making.

    A quantised tensor of the Program is, in ONNX, a real value behind a Q/DQ pair; ``real`` gives that value's name.
    """

    program: Program
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    reals: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def reserve(self, names: Iterable[str]) -> None:
        """Keep these names for the graph's inputs and outputs."""
        self._taken.update(names)

    def fresh(self, base: str) -> str:
        """A name nothing uses yet."""
        name, count = base, 0
        while name in self._taken:
            count += 1
            name = f"{base}.{count}"
        self._taken.add(name)
        return name

    def constant(self, array: Array, base: str) -> str:
        """An initialiser."""
        name = self.fresh(base)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(np.shape(array)), name))
        return name

    def emit(self, op: str, inputs: Sequence[str], base: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """A node; returns its outputs' names. Attributes that are None are left out."""
        names = [self.fresh(base if i == 0 else f"{base}.{i}") for i in range(outputs)]
        kept = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], **kept))
        return names

    def real(self, tensor: Tensor, arrange: Callable[[Array], Array] | None = None, axis: int | None = None) -> str:
        """The tensor's real values (its own values where it is not quantised).

        Args:
            tensor: of the Program.
            arrange: for a constant: reorder its stored elements first.
            axis: for a per-channel constant: where its channel axis is after ``arrange``.
        """
        if tensor.data is None:
            return self.reals[tensor.name]
        data = arrange(tensor.data) if arrange else tensor.data
        if tensor.quant is None:
            return self.constant(data, tensor.name)
        return self._dequantized(data, tensor.quant, tensor.name, tensor.quant.axis if axis is None else axis)

    def _dequantized(self, data: Array, quant: Quant, name: str, axis: int | None) -> str:
        inputs = [self.constant(data, f"{name}/codes"), *self._parameters(quant, data.dtype, name)]
        return self.emit("DequantizeLinear", inputs, name, axis=None if quant.axis is None else axis)[0]

    def _parameters(self, quant: Quant, dtype: np.dtype[Any], name: str, shift: int = 0) -> list[str]:
        scales = quant.scales if quant.axis is not None else quant.scales[0]
        zeros = np.asarray(quant.zero_points + shift).astype(dtype)
        zero = zeros if quant.axis is not None else zeros[0]
        return [self.constant(scales, f"{name}/scale"), self.constant(np.asarray(zero), f"{name}/zero_point")]

    def write(self, tensor: Tensor, real: str) -> None:
        """Bind a computed tensor to a real value, behind a Q/DQ pair where it is quantised.

        int8 codes become uint8 codes shifted by 128: the same real values, on the kernels x86 is fast at.
        """
        quant = tensor.quant
        if quant is None:
            self.reals[tensor.name] = real
            return
        unsigned = tensor.dtype == "int8"
        dtype = np.dtype("uint8" if unsigned else tensor.dtype)
        parameters = self._parameters(quant, dtype, tensor.name, 128 if unsigned else 0)
        codes = self.emit("QuantizeLinear", [real, *parameters], f"{tensor.name}/q")[0]
        self.reals[tensor.name] = self.emit("DequantizeLinear", [codes, *parameters], f"{tensor.name}/dq")[0]

    def quantized(self, tensor: Tensor) -> str:
        """The codes of a quantised tensor in its own dtype, for outputs and states."""
        if tensor.quant is None:
            return self.reals[tensor.name]
        parameters = self._parameters(tensor.quant, np.dtype(tensor.dtype), tensor.name)
        return self.emit("QuantizeLinear", [self.reals[tensor.name], *parameters], f"{tensor.name}/codes")[0]

    def dequantize(self, tensor: Tensor, codes: str) -> None:
        """Bind a tensor that arrives as codes: an input or a state."""
        if tensor.quant is None:
            self.reals[tensor.name] = codes
            return
        parameters = self._parameters(tensor.quant, np.dtype(tensor.dtype), tensor.name)
        real = self.emit("DequantizeLinear", [codes, *parameters], f"{tensor.name}/real")[0]
        self.write(tensor, real)


def value_info(name: str, tensor: Tensor) -> onnx.ValueInfoProto:
    """Name, element type and shape of a graph input or output."""
    return helper.make_tensor_value_info(name, onnx_type(tensor.dtype), list(tensor.shape))


def onnx_type(dtype: str) -> int:
    """ONNX's number of an element type."""
    return int(_TYPES[dtype])


@dataclass(frozen=True)
class Site:
    """One node of the Program being raised."""

    raising: Raising
    node: Node
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]

    @property
    def base(self) -> str:
        return self.outputs[0].name

    def real(self, index: int) -> str:
        tensor = self.inputs[index]
        assert tensor is not None
        return self.raising.real(tensor)

    def tensor(self, index: int) -> Tensor:
        tensor = self.inputs[index]
        assert tensor is not None
        return tensor

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def emit(self, op: str, *inputs: str, base: str | None = None, **attributes: Any) -> str:
        return self.raising.emit(op, inputs, base or f"{self.base}/{op}", **attributes)[0]

    def ints(self, values: Sequence[int], base: str = "ints") -> str:
        return self.raising.constant(np.asarray(values, np.int64), f"{self.base}/{base}")

    def like(self, value: float, index: int = 0) -> str:
        """A scalar constant of the real type of an input: float32 where it is quantised."""
        tensor = self.tensor(index)
        dtype = "float32" if tensor.quant is not None else tensor.dtype
        return self.raising.constant(np.asarray(value, dtype), f"{self.base}/const")

    def write(self, real: str, index: int = 0) -> None:
        self.raising.write(self.outputs[index], real)

    def activate(self, real: str) -> str:
        """Apply the node's fused activation."""
        kind = getattr(self.node.op, "activation", "none")
        if kind == "none":
            return real
        if kind == "relu":
            return self.emit("Relu", real)
        low, high = (0.0, 6.0) if kind == "relu6" else (-1.0, 1.0)
        dtype = np.float32
        bounds = [self.raising.constant(np.asarray(v, dtype), f"{self.base}/bound") for v in (low, high)]
        return self.emit("Clip", real, *bounds)
