"""One node of the Model as its lowering sees it, and what a lowering is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar

import numpy as np
import onnx_ir as ir

from limen.errors import UnsupportedOp
from limen.lower.builder import Builder, Value, make
from limen.lower.layout import Layout, identity, permuted
from limen.model.edit import attribute
from limen.program import Array, Op

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A node with its operands as Values."""

    node: ir.Node
    builder: Builder
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value | None, ...]

    def attribute(self, name: str, default: T) -> T:
        return attribute(self.node, name, default)

    def refuse(self, case: str, hint: str = "use target onnx") -> NoReturn:
        """Stop: this case cannot be lowered."""
        raise UnsupportedOp(self.label, f"{self.node.op_type}: {case}", "lower", hint)

    @property
    def label(self) -> str:
        return self.node.name or str(self.node.outputs[0].name)

    def input(self, index: int) -> Value:
        """A required input."""
        value = self.optional(index)
        if value is None:
            self.refuse(f"input {index} is missing")
        return value

    def optional(self, index: int) -> Value | None:
        return self.inputs[index] if index < len(self.inputs) else None

    def constant(self, index: int) -> Array | None:
        """A constant input's elements; None if it is absent."""
        value = self.optional(index)
        if value is None:
            return None
        if value.constant is None:
            self.refuse(f"input {index} ({value.name}) is computed")
        return value.constant

    def integers(self, index: int) -> tuple[int, ...] | None:
        """A constant integer input as a tuple; None if it is absent."""
        array = self.constant(index)
        return None if array is None else tuple(int(v) for v in array.reshape(-1))

    @property
    def output(self) -> Value:
        """The first output."""
        value = self.outputs[0]
        if value is None:
            self.refuse("its first output is absent")
        return value

    def only_first_output(self) -> None:
        """Refuse when a further output is read."""
        for value in self.outputs[1:]:
            if value is not None:
                self.refuse(f"output {value.name} is used")

    def axis(self, default: int, rank: int, name: str = "axis") -> int:
        """A normalised axis attribute."""
        axis = self.attribute(name, default)
        if not -rank <= axis < max(rank, 1):
            self.refuse(f"axis {axis} of rank {rank}")
        return axis % rank if rank else 0

    def axes(self, values: Sequence[int], rank: int) -> tuple[int, ...]:
        """Normalised, sorted axes."""
        if any(not -rank <= a < rank for a in values):
            self.refuse(f"axes {list(values)} of rank {rank}")
        return tuple(sorted({a % rank for a in values}))

    def temporary(self, tensor: str, shape: Sequence[int], layout: Layout | None = None) -> Value:
        """A Value for an intermediate result."""
        shape = tuple(shape)
        layout = identity(len(shape)) if layout is None else layout
        assert self.builder.shape(tensor) == permuted(shape, layout)
        return Value("", shape, self.builder.tensors[tensor].dtype, held={layout: tensor})

    def read_by(self, *names: str) -> bool:
        """Whether only nodes of these types read the first output, all as their first input."""
        value = self.node.outputs[0]
        uses = value.uses()
        return bool(uses) and not value.is_graph_output() and all(u.idx == 0 and u.node.op_type in names for u in uses)

    # what most lowerings do

    def emit(self, op: str | Op, *inputs: str, **attributes: object) -> str:
        """Append an operator; return its output tensor."""
        return self.builder.emit(make(op, **attributes) if isinstance(op, str) else op, *inputs)

    def scalar(self, value: float, like: str) -> str:
        """A scalar constant of a tensor's element type."""
        return self.builder.constant(np.asarray(value, self.builder.tensors[like].dtype), "scalar")

    def unary(self, value: Value) -> tuple[str, Layout]:
        """The value in the layout it is held in."""
        layout = self.builder.layout(value)
        return self.builder.get(value, layout), layout

    def bind(self, tensor: str, layout: Layout | None = None) -> None:
        """The first output is this tensor."""
        self.builder.bind(self.output, tensor, layout)


Lower = Callable[[Call], None]
Wants = Literal["channels_last", "any", "source"]


@dataclass(frozen=True)
class Lowering:
    """How one ONNX operator becomes operators of a Program.

    Args:
        name: the ONNX operator type.
        lower: emits and binds all outputs that are read.
        wants: layout of the first input: ``channels_last``; ``any`` for operators that take what is held (the wish of
            their readers is passed on); ``source`` for the order of the Model.
    """

    name: str
    lower: Lower
    wants: Wants = "source"
