"""The Model: an ONNX graph with its weights, its declared states and its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import onnx_ir
import onnx_ir as ir
from numpy.typing import NDArray

from limen.errors import ModelError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class StatePair:
    """A value that lives from run to run: the graph's output becomes its input at the next run.

    Args:
        input: name of the graph input that reads the state.
        output: name of the graph output that holds the next value.
        initial: value before the first run; it fixes shape and dtype. None until shapes are static: then zeros.
    """

    input: str
    output: str
    initial: Array | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """An ONNX graph.

    Args:
        ir: the graph; treat it as read-only: passes build a new Model.
        states: which inputs and outputs are states, in the order of their inputs.
        metadata: free text pairs.
    """

    ir: ir.Model
    states: tuple[StatePair, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    @staticmethod
    def from_proto(proto: onnx.ModelProto) -> Model:
        """Wrap a protobuf model; its tensors are shared, not copied.

        Raises:
            ModelError: the protobuf does not describe a graph.
        """
        try:
            model = ir.from_proto(proto)
        except Exception as error:
            raise ModelError(f"the ONNX graph cannot be read: {error}") from error
        return Model(model, metadata=dict(model.metadata_props))

    def to_proto(self) -> onnx.ModelProto:
        """As protobuf, weights included."""
        return ir.to_proto(self.ir)

    @property
    def name(self) -> str:
        return self.ir.graph.name or "model"

    @property
    def opset(self) -> int:
        """Version of the standard operator set."""
        return int(self.ir.opset_imports.get("", 1))

    def with_states(self, states: tuple[StatePair, ...]) -> Model:
        """A copy with these states declared.

        Raises:
            ModelError: a name is no input or no output of the graph, or is used twice.
        """
        inputs, outputs = {v.name for v in self.ir.graph.inputs}, {v.name for v in self.ir.graph.outputs}
        for pair in states:
            if pair.input not in inputs:
                raise ModelError(f"state {pair.input}={pair.output}: the model has no input {pair.input!r}")
            if pair.output not in outputs:
                raise ModelError(f"state {pair.input}={pair.output}: the model has no output {pair.output!r}")
        for names in ([p.input for p in states], [p.output for p in states]):
            if len(set(names)) != len(names):
                raise ModelError(f"states: a name is declared twice: {sorted(names)}")
        return replace(self, states=tuple(states))

    def with_ir(self, model: onnx_ir.Model) -> Model:
        """A copy around another graph; states and metadata stay."""
        return replace(self, ir=model)


def shape_of(value: ir.Value | None) -> tuple[int, ...] | None:
    """The static shape of a value, or None where a dimension is unknown."""
    if value is None or value.shape is None:
        return None
    dims = tuple(value.shape)
    return tuple(int(d) for d in dims if isinstance(d, int)) if all(isinstance(d, int) for d in dims) else None


def dtype_of(value: ir.Value | None) -> np.dtype[Any] | None:
    """The numpy element type of a value, or None where it is unknown or has none."""
    if value is None or value.dtype is None:
        return None
    try:
        return np.dtype(value.dtype.numpy())
    except TypeError:
        return None


def constant_of(value: ir.Value | None) -> Array | None:
    """The value of an initialiser that is no graph input, or of a Constant; None for a computed value."""
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return np.asarray(value.const_value.numpy())
