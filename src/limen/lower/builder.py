"""Collect a Program while the nodes of a Model are lowered one by one.

Each value of the Model is held in one or more layouts. A lowering asks for the layout it needs (``get``) or takes one
that is there (``layout``); a Transpose is made at the first demand that nothing held satisfies. Inputs and states come
into being at their first demand, in the layout that their readers want.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from limen.errors import ModelError
from limen.lower.layout import Layout, between, identity, permuted, same_order
from limen.program import OPS, Array, Node, Op, Port, Program, State, Tensor
from limen.program.types import DTYPES, DType

_NARROW = {"float64": "float32", "float16": "float32"}


def make(name: str, **attributes: Any) -> Op:
    """An operator by name."""
    return OPS.get(name)(**attributes)


def program_dtype(dtype: np.dtype[Any]) -> DType:
    """Element type that a Program computes with: float64 and float16 become float32.

    Raises:
        ValueError: there is none.
    """
    name = _NARROW.get(dtype.name, dtype.name)
    if name not in DTYPES:
        raise ValueError(f"element type {dtype.name} has no counterpart in a Program")
    return name  # type: ignore[return-value]


@dataclass(eq=False)
class Value:
    """A value of the Model while it is lowered.

    Args:
        name: its name in the Model.
        shape: static source shape.
        dtype: element type in the Program.
        constant: its elements in source order, or None.
        held: layout -> the Program's tensor.
        create: makes the first tensor in a wanted layout (inputs, states, postponed reshapes).
        wanted: the layout that readers further down would like.
        flat: a tensor whose last axis is reordered, and that order: ``flat[.., j] = value[.., order[j]]``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    constant: Array | None = None
    held: dict[Layout, str] = field(default_factory=dict)
    create: Callable[[Layout], None] | None = None
    wanted: Callable[[], Layout | None] = lambda: None
    flat: tuple[str, Array] | None = None

    @property
    def is_bound(self) -> bool:
        """Whether something holds it or can make it."""
        return bool(self.held) or self.create is not None or self.flat is not None or self.constant is not None

    @property
    def rank(self) -> int:
        return len(self.shape)


class Builder:
    """Tensors, nodes and ports of a Program in the making; tensors are named when it is finished."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.where = ""
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs: list[Port] = []
        self.states: list[State] = []
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._constants: dict[tuple[str, Layout], str] = {}

    # tensors and nodes

    def add_tensor(self, tensor: Tensor) -> str:
        """Register a tensor under a provisional name; return that."""
        key = f"%{len(self.tensors)}"
        self.tensors[key] = replace(tensor, name=key)
        self._names[key] = f"{self.where}/{tensor.name}" if tensor.name else self.where
        return key

    def constant(self, array: Array, name: str = "const") -> str:
        """Register a constant."""
        dtype = program_dtype(array.dtype)
        return self.add_tensor(Tensor.constant(name, np.asarray(array, dtype)))

    def emit(self, op: Op, *inputs: str, name: str = "") -> str:
        """Append a node with one output; return the output's provisional name."""
        return self.emit_many(op, *inputs, name=name)[0]

    def emit_many(self, op: Op, *inputs: str, name: str = "") -> tuple[str, ...]:
        """Append a node; return its outputs' provisional names."""
        operands = [self.tensors[i] if i else None for i in inputs]
        types = op.infer(operands)
        outputs = tuple(self.add_tensor(Tensor(name or op.name, t.shape, t.dtype)) for t in types)
        self.nodes.append(Node(op, tuple(inputs), outputs, self.where))
        return outputs

    def shape(self, tensor: str) -> tuple[int, ...]:
        return self.tensors[tensor].shape

    def bind(self, value: Value, tensor: str, layout: Layout | None = None) -> None:
        """Let the tensor hold the value; the first one bound takes the value's name."""
        layout = identity(value.rank) if layout is None else layout
        seen, expected = self.shape(tensor), permuted(value.shape, layout)
        if seen != expected:
            raise ModelError(f"{value.name}: its shape is {list(seen)}, the model declares {list(expected)}")
        value.held.setdefault(layout, tensor)
        if value.name not in self._taken and self.tensors[tensor].data is None and tensor not in self._taken:
            self._names[tensor] = value.name
            self._taken.update((value.name, tensor))

    # values in layouts

    def layout(self, value: Value) -> Layout:
        """A layout in which the value is held; an input that is not there yet is made as its readers want it."""
        if value.constant is not None:
            return identity(value.rank)
        if not value.held and value.create is not None:
            value.create(value.wanted() or identity(value.rank))
        return next(iter(value.held))

    def candidate(self, value: Value) -> Layout:
        """Like ``layout``, without making the value."""
        if value.held:
            return next(iter(value.held))
        return value.wanted() or identity(value.rank)

    def get(self, value: Value, layout: Layout | None = None) -> str:
        """The tensor that holds the value in this layout (default: source order)."""
        layout = identity(value.rank) if layout is None else layout
        if value.constant is not None:
            return self._constant_in(value, layout)
        if not value.held and value.create is not None:
            value.create(layout)
        if layout not in value.held:
            value.held[layout] = self._convert(value, layout)
        return value.held[layout]

    def _constant_in(self, value: Value, layout: Layout) -> str:
        key = (value.name, layout)
        if key not in self._constants:
            assert value.constant is not None
            tensor = self.constant(np.transpose(value.constant, layout), "")
            suffix = "" if layout == identity(value.rank) else "/" + "".join(str(a) for a in layout)
            self._names[tensor] = value.name + suffix
            self._constants[key] = tensor
        return self._constants[key]

    def _convert(self, value: Value, layout: Layout) -> str:
        for held, tensor in value.held.items():
            if same_order(value.shape, held, layout):
                return self.emit(make("Reshape", shape=permuted(value.shape, layout)), tensor)
        held, tensor = next(iter(value.held.items()))
        return self.emit(make("Transpose", permutation=between(held, layout)), tensor)

    def finish(self, outputs: Sequence[Port], metadata: dict[str, str]) -> Program:
        """Name every tensor and build the Program; what nothing reads is dropped."""
        live = {port.tensor for port in outputs}
        kept = []
        for node in reversed(self.nodes):
            if node.op.effect == "assign" or live.intersection(node.outputs):
                kept.append(node)
                live.update(node.inputs)
        kept.reverse()
        ports = {port.tensor for port in (*self.inputs, *outputs)}
        used = ports | {n for node in kept for n in (*node.inputs, *node.outputs) if n}
        names = self._final_names([key for key in self.tensors if key in used])
        tensors = {names[k]: replace(t, name=names[k]) for k, t in self.tensors.items() if k in used}
        names[""] = ""
        nodes = tuple(
            Node(n.op, tuple(names[i] for i in n.inputs), tuple(names[o] for o in n.outputs), n.name) for n in kept
        )
        return Program(
            self.name,
            tensors,
            nodes,
            tuple(replace(p, tensor=names[p.tensor]) for p in self.inputs),
            tuple(replace(p, tensor=names[p.tensor]) for p in outputs),
            tuple(self.states),
            metadata,
        )

    def _final_names(self, keys: Sequence[str]) -> dict[str, str]:
        owned = {key for key in keys if key in self._taken}
        taken = {self._names[key] for key in owned}
        names = {key: self._names[key] for key in owned}
        for key in keys:
            if key in owned:
                continue
            base, count = self._names[key] or "tensor", 0
            name = base
            while name in taken:
                count += 1
                name = f"{base}.{count}"
            taken.add(name)
            names[key] = name
        return names
