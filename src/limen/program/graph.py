"""The device graph and the rules it keeps.

A Program is frozen: a pass builds a new one. ``check()`` runs after every pass and after every read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from limen.errors import ProgramError
from limen.program.op import check_attributes
from limen.program.types import DTYPES, Cost, Node, Operands, Port, State, Tensor, TensorType
from limen.registry import suggest

T = TypeVar("T")
MAX_RANK = 6
MAX_ELEMENTS = 2**31 - 1  # kernels count elements in int32
_QUANT_RANGE = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}


@dataclass(frozen=True, eq=False)
class Program:
    """A static, typed, NHWC dataflow graph.

    Args:
        name: a short name for reports and generated code.
        tensors: every tensor by name: inputs, constants and computed ones.
        nodes: in execution order; reads and assigns of a state keep this order.
        inputs: what the caller supplies, in order.
        outputs: what the caller gets, in order.
        states: values that live from run to run.
        metadata: free text pairs (provenance, labels); they do not change the meaning.
    """

    name: str
    tensors: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[State, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))

    def check(self) -> Program:
        """Return self if every rule holds.

        Raises:
            ProgramError: names the node or tensor, the rule and the value seen.
        """
        for name, tensor in self.tensors.items():
            _check_tensor(name, tensor)
        state_names = _check_states(self.states)
        self._check_ports()
        written = {port.tensor for port in self.inputs} | {t.name for t in self.constants()}
        for index, node in enumerate(self.nodes):
            where = node.name or f"node {index} ({node.op.name})"
            self._check_node(node, where, written, state_names)
            written.update(node.outputs)
        for port in self.outputs:
            if port.tensor not in written:
                raise ProgramError(f"output {port.name}: tensor {port.tensor} is never written")
        return self

    def _check_ports(self) -> None:
        for kind, ports in (("input", self.inputs), ("output", self.outputs)):
            _unique((p.name for p in ports), kind)
            for port in ports:
                tensor = self.tensors.get(port.tensor)
                if tensor is None:
                    raise ProgramError(f"{kind} {port.name}: tensor {port.tensor} does not exist")
                if port.permutation is not None and sorted(port.permutation) != list(range(len(tensor.shape))):
                    raise ProgramError(
                        f"{kind} {port.name}: permutation {port.permutation} does not fit shape {tensor.shape}"
                    )
                if kind == "input" and tensor.data is not None:
                    raise ProgramError(f"input {port.name}: tensor {port.tensor} is a constant")
        _unique((p.tensor for p in self.inputs), "input tensor")

    def _check_node(self, node: Node, where: str, written: set[str], states: set[str]) -> None:
        _at(where, lambda: check_attributes(node.op))
        low, high = node.op.arity
        if not low <= len(node.inputs) <= high:
            raise ProgramError(f"{where}: {node.op.name} takes {low} to {high} inputs, got {len(node.inputs)}")
        for name in filter(None, node.inputs):
            if name not in written:
                what = "reads {} before it is written" if name in self.tensors else "reads {}, which does not exist"
                raise ProgramError(f"{where}: " + what.format(name))
        if node.op.effect != "none" and getattr(node.op, "state", None) not in states:
            raise ProgramError(f"{where}: state {getattr(node.op, 'state', None)!r} does not exist")
        for position, name in enumerate(node.outputs):
            if name not in self.tensors:
                raise ProgramError(f"{where}: writes {name}, which does not exist")
            if name in written or name in node.outputs[:position]:
                raise ProgramError(f"{where}: writes {name}, which is written already")
        self._check_types(node, where)

    def _check_types(self, node: Node, where: str) -> None:
        operands = self.operands(node)
        inferred = _at(where, lambda: node.op.infer(operands.inputs))
        if node.op.effect == "read":
            state = self.state(node.op.state)  # type: ignore[attr-defined]
            inferred = (TensorType(state.shape, state.dtype),)
        if node.op.effect == "assign":
            state = self.state(node.op.state)  # type: ignore[attr-defined]
            value = operands.inputs[0]
            if value is None or (value.shape, value.dtype) != (state.shape, state.dtype):
                given = "nothing" if value is None else f"{value.dtype}{list(value.shape)}"
                raise ProgramError(f"{where}: assigns {given} to state {state.name}, {state.dtype}{list(state.shape)}")
        if len(inferred) != len(node.outputs):
            raise ProgramError(f"{where}: {node.op.name} has {len(inferred)} outputs, {len(node.outputs)} are named")
        for tensor, expected in zip(operands.outputs, inferred, strict=True):
            if tensor.type != expected:
                raise ProgramError(
                    f"{where}: {tensor.name} is {tensor.dtype}{list(tensor.shape)}, "
                    f"the shape rule says {expected.dtype}{list(expected.shape)}"
                )
        _at(where, lambda: node.op.check(operands))

    def operands(self, node: Node) -> Operands:
        """The tensors around a node."""
        return Operands(
            tuple(self.tensors[n] if n else None for n in node.inputs),
            tuple(self.tensors[n] for n in node.outputs),
        )

    def state(self, name: str) -> State:
        return next(s for s in self.states if s.name == name)

    def constants(self) -> tuple[Tensor, ...]:
        return tuple(t for t in self.tensors.values() if t.data is not None)

    def input_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[p.tensor] for p in self.inputs)

    def output_tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[p.tensor] for p in self.outputs)

    def consumers(self) -> dict[str, list[Node]]:
        """Tensor name -> the nodes that read it."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(filter(None, node.inputs)):
                readers.setdefault(name, []).append(node)
        return readers

    def producers(self) -> dict[str, Node]:
        """Tensor name -> the node that writes it."""
        return {name: node for node in self.nodes for name in node.outputs}

    def cost(self) -> Cost:
        """Sum over the nodes."""
        costs = [node.op.cost(self.operands(node)) for node in self.nodes]
        return Cost(sum(c.macs for c in costs), sum(c.bytes for c in costs))

    def weight_bytes(self) -> int:
        """Bytes of the constants that some node or output reads."""
        used = {n for node in self.nodes for n in node.inputs} | {p.tensor for p in self.outputs}
        return sum(t.nbytes for t in self.constants() if t.name in used)

    def with_nodes(self, nodes: Iterable[Node], tensors: Iterable[Tensor] = (), **changes: Any) -> Program:
        """A copy with other nodes; ``tensors`` are added or replaced, and those no longer used are dropped."""
        table = {**self.tensors, **{t.name: t for t in tensors}}
        kept = tuple(nodes)
        inputs, outputs = changes.get("inputs", self.inputs), changes.get("outputs", self.outputs)
        used = {n for node in kept for n in (*node.inputs, *node.outputs)}
        used |= {p.tensor for p in (*inputs, *outputs)}
        return replace(self, nodes=kept, tensors={k: v for k, v in table.items() if k in used}, **changes)


def _at(where: str, rule: Callable[[], T]) -> T:
    """The rule's result; its error is told where."""
    try:
        return rule()
    except ProgramError as error:
        raise ProgramError(f"{where}: {error.message}", error.hint) from error


def _check_tensor(name: str, tensor: Tensor) -> None:
    if not name or tensor.name != name:
        raise ProgramError(f"tensor {name!r}: is named {tensor.name!r}")
    if tensor.dtype not in DTYPES:
        raise ProgramError(f"{name}: element type {tensor.dtype!r} is not known", suggest(str(tensor.dtype), DTYPES))
    if len(tensor.shape) > MAX_RANK or any(extent < 0 for extent in tensor.shape):
        raise ProgramError(f"{name}: shape {tensor.shape} has a negative extent or more than {MAX_RANK} dimensions")
    if tensor.size > MAX_ELEMENTS:
        raise ProgramError(f"{name}: shape {tensor.shape} has more than {MAX_ELEMENTS} elements")
    if tensor.data is not None and (tuple(tensor.data.shape), tensor.data.dtype.name) != (tensor.shape, tensor.dtype):
        raise ProgramError(f"{name}: declared {tensor.dtype}{list(tensor.shape)}, holds {tensor.data.dtype.name}")
    quant = tensor.quant
    if quant is None:
        return
    if quant.axis is not None and not 0 <= quant.axis < len(tensor.shape):
        raise ProgramError(f"{name}: scales run along axis {quant.axis}, which shape {tensor.shape} does not have")
    expected = 1 if quant.axis is None else tensor.shape[quant.axis]
    if not len(quant.scale) == len(quant.zero_point) == expected:
        raise ProgramError(
            f"{name}: {len(quant.scale)} scales and {len(quant.zero_point)} zero points, expected {expected}"
        )
    if not all(math.isfinite(s) and s > 0 and float(np.float32(s)) == s for s in quant.scale):
        raise ProgramError(f"{name}: a scale is not a positive float32: {quant.scale[:4]}")
    if tensor.dtype not in _QUANT_RANGE:
        raise ProgramError(f"{name}: {tensor.dtype} cannot be quantised")
    low, high = _QUANT_RANGE[tensor.dtype]
    if not all(low <= z <= high for z in quant.zero_point):
        raise ProgramError(f"{name}: a zero point lies outside {tensor.dtype}: {quant.zero_point[:4]}")


def _check_states(states: tuple[State, ...]) -> set[str]:
    _unique((s.name for s in states), "state")
    for state in states:
        try:
            shaped = Tensor(state.name, state.shape, state.dtype, state.quant)
        except ValueError as error:
            raise ProgramError(f"state {state.name}: {error}") from error
        _check_tensor(state.name, shaped)
    return {s.name for s in states}


def _unique(names: Iterable[str], kind: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen or not name:
            raise ProgramError(f"{kind} {name!r}: the name is empty or used twice")
        seen.add(name)
