"""What an emitter says about one node: a builtin operator, its version, its operands and its options.

An emitter is one file of this folder; it knows one operator and returns plain data, so that only ``_writer`` knows
flatbuffers. ``EMIT`` in the file is the plug-in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limen.errors import UnsupportedOp
from limen.program import Activation, Array, DType, Node, Operands, Quant, Tensor
from limen.registry import Registry

WHERE = "target tflite"


@dataclass(frozen=True)
class Operand:
    """A constant operand made from attributes.

    Args:
        role: what it is, ``shape``; the tensor is named after it.
        data: its values.
        quant: its quantisation, or None.
    """

    role: str
    data: Array
    quant: Quant | None = None


@dataclass(frozen=True)
class Handle:
    """The resource handle of a state."""

    state: str


@dataclass(frozen=True)
class Named:
    """A member of one of the schema's enumerations: ``Named("Padding", "SAME")``."""

    enumeration: str
    member: str


@dataclass(frozen=True)
class Emission:
    """One TFLite operator; its outputs are the node's.

    Args:
        builtin: member of BuiltinOperator, ``CONV_2D``.
        inputs: names of tensors (empty where absent), constants, handles.
        options: table of the union BuiltinOptions, ``Conv2DOptions``; empty for none.
        fields: the table's fields by their names in the schema.
        version: smallest operator version that has this case (TensorFlow's op_version table).
    """

    builtin: str
    inputs: tuple[str | Operand | Handle, ...]
    options: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True)
class Site:
    """A node with its tensors; ``int4``: constants that are written in 4 bits."""

    node: Node
    operands: Operands
    int4: frozenset[str] = frozenset()

    def input(self, index: int = 0) -> Tensor:
        """An input that the shape rule has required."""
        tensor = self.operands.inputs[index]
        assert tensor is not None
        return tensor

    @property
    def output(self) -> Tensor:
        return self.operands.outputs[0]

    @property
    def dtype(self) -> DType:
        """Element type of the first input."""
        return self.input().dtype

    @property
    def has_int4_weights(self) -> bool:
        return self.node.inputs[1] in self.int4

    def version(self, **by_dtype: int) -> int:
        """The version that the first input's element type asks for; 1 where it is not listed."""
        return by_dtype.get(self.dtype, 1)

    def emission(
        self, builtin: str, *extra: str | Operand | Handle, options: str = "", version: int = 1, **fields: Any
    ) -> Emission:
        """The node's own inputs followed by ``extra``."""
        return Emission(builtin, (*self.node.inputs, *extra), options, fields, version)

    def refuse(self, why: str, hint: str | None = None) -> UnsupportedOp:
        """The error for a case that TFLite's kernels do not have."""
        name = self.node.name or (self.node.outputs[0] if self.node.outputs else self.node.op.name)
        return UnsupportedOp(name, f"{self.node.op.name} ({why})", WHERE, hint)


@dataclass(frozen=True)
class Emitter:
    """One operator's emission.

    Args:
        name: the operator's name.
        emit: its attributes (the Op) and the site -> what to write.
    """

    name: str
    emit: Callable[[Any, Site], Emission]


EMITTERS: Registry[Emitter] = Registry("tflite emitter", "limen.targets.tflite", "EMIT")


def plain(name: str, builtin: str, options: str = "", **versions: int) -> Emitter:
    """The emitter of an operator without attributes; ``versions``: element type of the first input -> version."""
    return Emitter(name, lambda op, site: site.emission(builtin, options=options, version=site.version(**versions)))


def elementwise(name: str, builtin: str, options: str, **versions: int) -> Emitter:
    """The emitter of an operator whose one attribute is its fused activation."""
    return Emitter(
        name,
        lambda op, site: site.emission(
            builtin,
            options=options,
            version=site.version(**versions),
            fused_activation_function=activation(op.activation),
        ),
    )


def reduction(name: str, builtin: str, **versions: int) -> Emitter:
    """The emitter of a reduction over ``axes``."""
    return Emitter(
        name,
        lambda op, site: site.emission(
            builtin,
            integers("axes", op.axes),
            options="ReducerOptions",
            version=site.version(**versions),
            keep_dims=op.keep_dims,
        ),
    )


def integers(role: str, values: Any) -> Operand:
    """A constant int32 operand: a scalar for a number, else an array of the same nesting."""
    return Operand(role, np.asarray(values, np.int32))


def activation(name: Activation) -> Named:
    return Named("ActivationFunctionType", name.upper())


def tensor_type(dtype: DType) -> Named:
    return Named("TensorType", dtype.upper())


def is_hybrid(site: Site) -> bool:
    """Float activations with int8 weights, which the kernel quantises as it runs."""
    return site.dtype == "float32" and site.input(1).dtype == "int8"


def is_per_channel(tensor: Tensor) -> bool:
    return tensor.quant is not None and tensor.quant.axis is not None


def bias_type(site: Site) -> Named:
    """The element type of an int16 operator's bias where it is int32; FLOAT32 (unset) otherwise.

    Kernels of int16 operators read an int64 bias unless ``quantized_bias_type`` says INT32.
    """
    bias = site.operands.inputs[2] if len(site.operands.inputs) > 2 else None
    narrow = site.dtype == "int16" and bias is not None and bias.dtype == "int32"
    return tensor_type("int32") if narrow else tensor_type("float32")
