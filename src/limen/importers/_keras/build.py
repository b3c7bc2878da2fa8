"""The ONNX graph under construction, in the terms of Keras: channels last, batch first.

A Value remembers how its tensor lies in memory. Convolutions and pooling of ONNX want the channels right after the
batch; they leave their result like that, and the next layer takes it as it lies or asks for the order it needs. So a
chain of convolutions gets one Transpose at its start and none inside.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from limen.errors import ModelError

Array = NDArray[Any]
Shape = tuple[int | None, ...]
OPSET = 21
IR_VERSION = 10
MAX_ELEMENTS = 1 << 30


@dataclass(frozen=True)
class Value:
    """A tensor of the graph.

    Args:
        name: its name in the ONNX graph.
        shape: as Keras sees it: batch first, channels last; None where unknown.
        dtype: numpy name of the element type.
        first: the tensor is stored with the last axis of ``shape`` at position 1.
        masked: some steps along axis 1 are padding, which layers that reduce over time must leave out.
    """

    name: str
    shape: Shape
    dtype: str = "float32"
    first: bool = False
    masked: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def channels(self) -> int:
        """Extent of the last axis.

        Raises:
            ModelError: it is not known.
        """
        return self.extent(-1)

    def extent(self, axis: int) -> int:
        """Extent along an axis of ``shape``.

        Raises:
            ModelError: it is not known, or there is no such axis.
        """
        size = self.shape[normal_axis(axis, self.rank)]
        if size is None:
            raise ModelError(f"{self.name}: axis {axis} of {list(self.shape)} must be fixed", "give --dim INPUT:AXIS=N")
        return size

    def stored_axis(self, axis: int) -> int:
        """Where an axis of ``shape`` lies in the stored tensor."""
        axis = normal_axis(axis, self.rank)
        if not self.first or axis == 0:
            return axis
        return 1 if axis == self.rank - 1 else axis + 1

    def stored(self, array: Array) -> Array:
        """A constant of this rank, given channels last, in the order of this tensor."""
        return np.moveaxis(array, -1, 1) if self.first and array.ndim == self.rank > 2 else array


def normal_axis(axis: int, rank: int) -> int:
    """The axis as a number >= 0.

    Raises:
        ModelError: there is no such axis.
    """
    if isinstance(axis, bool) or not isinstance(axis, int) or not -rank <= axis < rank:
        raise ModelError(f"axis {axis!r} does not exist in a tensor of rank {rank}")
    return axis % rank


@dataclass(frozen=True)
class State:
    """A graph input that gets the value of a graph output at the next run."""

    input: str
    output: str
    shape: tuple[int, ...]


Operand = str | Value


class Builder:
    """Collects nodes and constants; ``layer`` names what is being added."""

    def __init__(self) -> None:
        self.layer = "model"
        self.states: list[State] = []
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._tensors: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._state_outputs: list[onnx.ValueInfoProto] = []
        self._names: set[str] = set()
        self._moved: dict[str, Value] = {}

    def fresh(self, base: str) -> str:
        """A name that nothing uses yet."""
        name, count = base, 0
        while name in self._names:
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

    def input(self, name: str, shape: Shape, dtype: str) -> Value:
        """Declare a graph input."""
        value = Value(self.fresh(name), shape, dtype)
        self._inputs.append(_info(value.name, shape, dtype))
        return value

    def constant(self, array: Array | float | Sequence[float], role: str = "value", dtype: str = "float32") -> str:
        """Register a constant; equal ones share one initialiser."""
        array = np.ascontiguousarray(array, dtype) if np.ndim(array) else np.asarray(array, dtype)
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._constants:
            name = self.fresh(f"{self.layer}/{role}")
            self._constants[key] = name
            self._tensors.append(onnx.numpy_helper.from_array(array, name))
        return self._constants[key]

    def ints(self, values: Sequence[int], role: str) -> str:
        """Register a vector of int64."""
        return self.constant(np.asarray(values, np.int64), role, "int64")

    def nodes(self, op: str, inputs: Sequence[Operand], outputs: Sequence[Value], **attributes: Any) -> None:
        """Add a node whose outputs were made with ``fresh`` names."""
        names = [v.name if isinstance(v, Value) else v for v in inputs]
        for value in outputs:
            _check_size(value)
        node_name = self.fresh(f"{self.layer}:{op}")
        self._nodes.append(onnx.helper.make_node(op, names, [v.name for v in outputs], node_name, **attributes))

    def node(self, op: str, inputs: Sequence[Operand], like: Value, **attributes: Any) -> Value:
        """Add a node with one output that has the shape, dtype and order of ``like``."""
        value = replace(like, name=self.fresh(f"{self.layer}/{op}"))
        self.nodes(op, inputs, [value], **attributes)
        return value

    def last(self, value: Value) -> Value:
        """The value with its channels stored last."""
        if not value.first:
            return value
        order = (0, *range(2, value.rank), 1)
        return self._transposed(value, order, False)

    def first(self, value: Value) -> Value:
        """The value with its channels stored right after the batch."""
        if value.first or value.rank < 3:
            return value
        order = (0, value.rank - 1, *range(1, value.rank - 1))
        return self._transposed(value, order, True)

    def alike(self, values: Sequence[Value]) -> list[Value]:
        """The values in one common order: channels first where one of them lies so and the ranks agree."""
        first = any(v.first for v in values) and len({v.rank for v in values}) == 1
        return [self.first(v) if first else self.last(v) for v in values]

    def reshape(self, value: Value, shape: Shape) -> Value:
        """Reshape a value; at most one extent besides the batch may be unknown."""
        value = self.last(value)
        sizes = [-1 if size is None else size for size in shape]
        sizes[0] = 0 if shape[0] == value.shape[0] else sizes[0]
        if sizes.count(-1) > 1:
            raise ModelError(f"{self.layer}: reshape to {list(shape)} leaves more than one extent open")
        return self.node("Reshape", [value, self.ints(sizes, "shape")], replace(value, shape=shape))

    def transpose(self, value: Value, order: Sequence[int]) -> Value:
        """Permute the axes of ``value.shape``."""
        value = self.last(value)
        shape = tuple(value.shape[axis] for axis in order)
        return self.node("Transpose", [value], replace(value, shape=shape), perm=list(order))

    def cast(self, value: Value, dtype: str) -> Value:
        """The value in another element type."""
        if value.dtype == dtype:
            return value
        return self.node("Cast", [value], replace(value, dtype=dtype), to=_element_type(dtype))

    def state(self, name: str, shape: tuple[int, ...]) -> Value:
        """A state read from the run before; ``keep`` gives its next value."""
        value = Value(self.fresh(name), shape)
        self._inputs.append(_info(value.name, shape, value.dtype))
        return value

    def keep(self, state: Value, following: Value) -> None:
        """Declare the next value of a state."""
        name = self.fresh(f"{state.name}/next")
        self._nodes.append(onnx.helper.make_node("Identity", [following.name], [name], name))
        self._state_outputs.append(_info(name, state.shape, state.dtype))
        self.states.append(State(state.name, name, tuple(int(d or 0) for d in state.shape)))

    def finish(self, name: str, outputs: Sequence[tuple[str, Value]]) -> onnx.ModelProto:
        """The whole graph with these named outputs, then the states' next values."""
        infos = []
        for label, value in outputs:
            value = self.last(value)
            label = self.fresh(label)
            self._nodes.append(onnx.helper.make_node("Identity", [value.name], [label], label))
            infos.append(_info(label, value.shape, value.dtype))
        graph = onnx.helper.make_graph(
            self._nodes, name, self._inputs, [*infos, *self._state_outputs], initializer=self._tensors
        )
        opset = onnx.helper.make_opsetid("", OPSET)
        return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="limen")

    def _transposed(self, value: Value, order: Sequence[int], first: bool) -> Value:
        if value.name not in self._moved:
            moved = self.node("Transpose", [value], replace(value, first=first), perm=list(order))
            self._moved[value.name], self._moved[moved.name] = moved, value
        return replace(self._moved[value.name], masked=value.masked)


def _check_size(value: Value) -> None:
    sizes = [1 if size is None else size for size in value.shape]
    if min(sizes, default=1) < 1 or math.prod(sizes) > MAX_ELEMENTS:
        raise ModelError(f"{value.name}: shape {list(value.shape)} is empty or too large")


def _element_type(dtype: str) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _info(name: str, shape: Shape, dtype: str) -> onnx.ValueInfoProto:
    dims = ["batch" if axis == 0 else f"{name}:{axis}" for axis in range(len(shape))]
    sizes = [label if size is None else size for label, size in zip(dims, shape, strict=True)]
    return onnx.helper.make_tensor_value_info(name, _element_type(dtype), sizes)
