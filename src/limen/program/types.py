"""What a Program is made of: element types, quantisation, tensors, states, ports, nodes. Plain frozen data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from limen.program.op import Op

DType: TypeAlias = Literal[
    "float32", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "bool", "float64"
]
DTYPES: tuple[str, ...] = get_args(DType)

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quant:
    """Affine quantisation: real = scale * (code - zero_point).

    Args:
        scale: one value, or one per index of ``axis``; each is exactly representable in float32 and > 0.
        zero_point: as many values as ``scale``.
        axis: the dimension that ``scale`` runs along; None for per-tensor.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    @staticmethod
    def per_tensor(scale: float, zero_point: int = 0) -> Quant:
        return Quant((float(np.float32(scale)),), (int(zero_point),))

    @staticmethod
    def per_channel(scale: Array, axis: int) -> Quant:
        """Symmetric: every zero point is 0."""
        scales = tuple(float(s) for s in np.asarray(scale, np.float32))
        return Quant(scales, (0,) * len(scales), axis)

    @property
    def scales(self) -> NDArray[np.float32]:
        return np.asarray(self.scale, np.float32)

    @property
    def zero_points(self) -> NDArray[np.int64]:
        return np.asarray(self.zero_point, np.int64)


@dataclass(frozen=True, slots=True)
class TensorType:
    """The result of a shape rule."""

    shape: Shape
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A named value of the graph.

    Args:
        name: unique in its Program, never empty.
        shape: static; every extent >= 0.
        dtype: of the stored codes.
        quant: affine quantisation of the codes, or None.
        data: the values of a constant, of exactly ``shape`` and ``dtype``, read-only; None for a computed tensor.
    """

    name: str
    shape: Shape
    dtype: DType
    quant: Quant | None = None
    data: Array | None = None

    @staticmethod
    def constant(name: str, data: Array, quant: Quant | None = None) -> Tensor:
        """A constant from an array; the array is copied, made contiguous and frozen."""
        frozen = np.array(data, order="C", copy=True)
        frozen.setflags(write=False)
        return Tensor(name, frozen.shape, dtype_of(frozen), quant, frozen)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def type(self) -> TensorType:
        return TensorType(self.shape, self.dtype)

    @property
    def scale(self) -> float:
        """The per-tensor scale; 1.0 where there is no quantisation."""
        return self.quant.scale[0] if self.quant else 1.0

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point; 0 where there is no quantisation."""
        return self.quant.zero_point[0] if self.quant else 0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A value that lives from one run to the next: read by ReadVariable, written by AssignVariable.

    Args:
        name: unique among the states of its Program.
        initial: the value before the first run and after a reset; it fixes shape and dtype.
        quant: quantisation of the codes, or None.
    """

    name: str
    initial: Array
    quant: Quant | None = None

    @property
    def shape(self) -> Shape:
        return tuple(self.initial.shape)

    @property
    def dtype(self) -> DType:
        return dtype_of(self.initial)


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output as the source model names and shapes it, bound to a tensor of the Program.

    Args:
        name: the source model's name.
        tensor: the Program's tensor.
        permutation: ``tensor = numpy.transpose(source, permutation)``, for inputs and outputs alike; None for identity.
        dtype: the source model's element type (float32 for a quantised port).
    """

    name: str
    tensor: str
    permutation: tuple[int, ...] | None = None
    dtype: DType = "float32"

    def source_shape(self, tensor_shape: Shape) -> Shape:
        """The source model's shape, given the tensor's."""
        if self.permutation is None:
            return tensor_shape
        shape = [0] * len(tensor_shape)
        for position, axis in enumerate(self.permutation):
            shape[axis] = tensor_shape[position]
        return tuple(shape)


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to named tensors; an absent optional input is the empty string."""

    op: Op
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Operands:
    """The tensors around a node, beside their values in ``Op.reference``."""

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one execution of a node takes.

    Args:
        macs: multiply-accumulates (0 for operators that only move or transform elements).
        bytes: bytes of operands read and written once.
    """

    macs: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class QuantRule:
    """How static quantisation treats an operator (TFLite's int8 quantisation specification).

    Args:
        kind: ``weighted`` has weights and a bias; ``free`` lets each output have its own range; ``same`` makes all data
            inputs and the outputs share one scale and zero point; ``fixed`` prescribes the output's;
            ``none`` has no integer kernel.
        dtypes: activation types with an integer kernel.
        fixed: for ``fixed``: dtype -> (scale, zero_point) of the output.
        weights: input index of the weights.
        bias: input index of the bias.
        weight_axis: output-channel axis of the weights for per-channel scales; None where only per-tensor exists.
        data_inputs: input indices that carry activations; None for all that are not weights or bias.
        headroom: activation type -> bits: an input's scale may be at most 2 ** bits times the output's.
    """

    kind: Literal["weighted", "free", "same", "fixed", "none"] = "none"
    dtypes: tuple[DType, ...] = ()
    fixed: dict[DType, tuple[float, int]] = field(default_factory=dict, hash=False)
    weights: int | None = None
    bias: int | None = None
    weight_axis: int | None = None
    data_inputs: tuple[int, ...] | None = None
    headroom: dict[DType, int] = field(default_factory=dict, hash=False)


def dtype_of(array: Array) -> DType:
    """The DType of an array.

    Raises:
        ValueError: numpy's type has no counterpart.
    """
    name = array.dtype.name
    if name not in DTYPES:
        raise ValueError(f"element type {name} has no counterpart in a Program")
    return name  # type: ignore[return-value]
