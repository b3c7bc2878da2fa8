"""Lower a Model to a Program: walk the nodes once, each handled by the file of its operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from limen.errors import ModelError, ProgramError, UnsupportedOp
from limen.lower.builder import Builder, Value, make, program_dtype
from limen.lower.call import Call, Lowering
from limen.lower.layout import Layout, before_transpose, channels_last, identity, permuted
from limen.lower.passes import tidy
from limen.lower.prepare import prepare
from limen.model.edit import attribute
from limen.model.graph import Model, constant_of, dtype_of, shape_of
from limen.program import Array, Node, Port, Program, State, Tensor
from limen.program.types import DTYPES, DType
from limen.registry import Registry

# What numpy and Python raise when a graph's shapes and attributes contradict each other.
_MISFITS = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, ArithmeticError)

LOWERINGS: Registry[Lowering] = Registry("lowering", "limen.lower.nodes", "LOWERING")


def lower(model: Model, *, keep_layout: bool = False) -> Program:
    """Lower to a float32 Program (quantised where the Model is in QDQ form).

    Args:
        model: with static shapes.
        keep_layout: keep the source layout of inputs and outputs; otherwise they are in the layout that needs no
            Transpose, and ``Port.permutation`` says which.

    Returns:
        A checked Program. Its tensors carry the names of the Model's values; states are ReadVariable/AssignVariable.

    Raises:
        UnsupportedOp: an operator or a case of it has no counterpart; names the node.
        ModelError: a shape is not static.
    """
    model = prepare(model, LOWERINGS)
    return tidy(_Lowering(model, keep_layout).program().check())


def wishes(graph: ir.Graph) -> dict[str, Layout]:
    """Value name -> the layout its readers want, looked up through elementwise operators and Transposes."""
    found: dict[str, Layout] = {}
    for node in reversed(list(graph)):
        if node.op_type not in LOWERINGS:
            continue
        lowering = LOWERINGS[node.op_type]
        for index, value in enumerate(node.inputs):
            if value is None or value.name in found or value.shape is None:
                continue
            wish = _wish(node, lowering, index, len(value.shape), found)
            if wish is not None:
                found[str(value.name)] = wish
    return found


def _wish(node: ir.Node, lowering: Lowering, index: int, rank: int, found: dict[str, Layout]) -> Layout | None:
    if lowering.wants == "channels_last":
        return channels_last(rank) if index == 0 and rank > 2 else None
    output = node.outputs[0]
    wish = found.get(str(output.name))
    if wish is None or len(wish) != rank:
        return None
    if node.op_type == "Transpose":
        permutation = attribute(node, "perm", tuple(reversed(range(rank))))
        return before_transpose(permutation, wish)
    return wish if lowering.wants == "any" else None


@dataclass(eq=False)
class _Lowering:
    """One run of ``lower``."""

    model: Model
    keep_layout: bool

    def program(self) -> Program:
        graph = self.model.ir.graph
        self.builder = Builder(self.model.name)
        self.wishes = wishes(graph)
        self.values: dict[str, Value] = {}
        self._inputs(graph)
        for node in graph:
            self._node(node)
        for value in graph.inputs:
            self.builder.layout(self._value(value))
        order = [str(v.name) for v in graph.inputs]
        self.builder.inputs.sort(key=lambda port: order.index(port.name))
        self._assign_states()
        state_outputs = {pair.output for pair in self.model.states}
        ports = [self._output(v) for v in graph.outputs if v.name not in state_outputs]
        return self.builder.finish(self._distinct(ports), dict(self.model.metadata))

    def _value(self, value: ir.Value) -> Value:
        name = str(value.name)
        if name not in self.values:
            shape, dtype = shape_of(value), dtype_of(value)
            constant = constant_of(value)
            if constant is not None:
                shape, dtype = constant.shape, constant.dtype
            if shape is None or dtype is None:
                raise ModelError(f"{name}: its shape is not static", "fix its dimensions with --dim NAME=N")
            try:
                element = program_dtype(dtype)
            except ValueError as error:
                raise ModelError(f"{name}: {error}") from error
            self.values[name] = Value(name, shape, element, constant, wanted=lambda: self.wishes.get(name))
        return self.values[name]

    def _inputs(self, graph: ir.Graph) -> None:
        states = {pair.input: pair for pair in self.model.states}
        for source in graph.inputs:
            value = self._value(source)
            if value.name in states:
                initial = states[value.name].initial
                assert initial is not None
                value.create = lambda layout, v=value, i=initial: self._create_state(v, i, layout)
            else:
                dtype = _port_dtype(source)
                value.create = lambda layout, v=value, d=dtype: self._create_input(v, d, layout)

    def _create_input(self, value: Value, dtype: DType, layout: Layout) -> None:
        layout = identity(value.rank) if self.keep_layout else layout
        tensor = self.builder.add_tensor(Tensor(value.name, permuted(value.shape, layout), value.dtype))
        self.builder.bind(value, tensor, layout)
        self.builder.inputs.append(Port(value.name, tensor, _permutation(layout), dtype))

    def _create_state(self, value: Value, initial: Array, layout: Layout) -> None:
        start = np.ascontiguousarray(np.transpose(initial.astype(value.dtype), layout))
        self.builder.states.append(State(value.name, start))
        tensor = self.builder.add_tensor(Tensor(value.name, start.shape, value.dtype))
        self.builder.nodes.append(_read(value.name, tensor))
        self.builder.bind(value, tensor, layout)

    def _node(self, node: ir.Node) -> None:
        label = node.name or str(node.outputs[0].name)
        if node.domain not in ("", "ai.onnx") or node.op_type not in LOWERINGS:
            domain = f"{node.domain}." if node.domain not in ("", "ai.onnx") else ""
            raise UnsupportedOp(label, domain + node.op_type, "lower", "use target onnx")
        self.builder.where = str(node.outputs[0].name) or label
        inputs = tuple(None if v is None else self._value(v) for v in node.inputs)
        read = [v if v.name and (v.uses() or v.is_graph_output()) else None for v in node.outputs]
        outputs = tuple(None if v is None else self._value(v) for v in read)
        if not any(outputs):
            return
        call = Call(node, self.builder, inputs, outputs)
        try:
            LOWERINGS[node.op_type].lower(call)
        except ProgramError as error:
            raise UnsupportedOp(label, f"{node.op_type}: {error.message}", "lower", "use target onnx") from error
        except _MISFITS as error:
            raise ModelError(f"{label}: the operands of {node.op_type} do not fit: {error}") from error
        for value in outputs:
            if value is not None and not value.is_bound:
                call.refuse(f"output {value.name} is not computed")

    def _assign_states(self) -> None:
        outputs = {str(v.name): v for v in self.model.ir.graph.outputs}
        self.builder.where = "states"
        tensors = []
        for pair in self.model.states:
            layout = self.builder.layout(self.values[pair.input])
            tensors.append(self.builder.get(self._value(outputs[pair.output]), layout))
        for pair, tensor in zip(self.model.states, tensors, strict=True):
            self.builder.nodes.append(_assign(pair.input, tensor))

    def _output(self, source: ir.Value) -> Port:
        value = self._value(source)
        self.builder.where = value.name
        if value.constant is not None:
            return Port(value.name, self.builder.get(value), None, _port_dtype(source))
        self.builder.layout(value)
        whole = identity(value.rank)
        layout = whole if self.keep_layout or whole in value.held else next(iter(value.held))
        return Port(value.name, self.builder.get(value, layout), _permutation(layout), _port_dtype(source))

    def _distinct(self, ports: list[Port]) -> list[Port]:
        """Copy what is an input, a constant, a state or another output already, so that each output has its tensor."""
        seen = {port.tensor for port in self.builder.inputs}
        seen |= {n for node in self.builder.nodes if node.op.effect != "none" for n in (*node.inputs, *node.outputs)}
        result = []
        for port in ports:
            tensor = self.builder.tensors[port.tensor]
            if port.tensor in seen or tensor.data is not None:
                self.builder.where = port.name
                copy = self.builder.emit(make("Reshape", shape=tensor.shape), port.tensor, name="copy")
                port = Port(port.name, copy, port.permutation, port.dtype)
            seen.add(port.tensor)
            result.append(port)
        return result


def _permutation(layout: Layout) -> Layout | None:
    return None if layout == identity(len(layout)) else layout


def _port_dtype(value: ir.Value) -> DType:
    dtype = dtype_of(value)
    name = "float32" if dtype is None else dtype.name
    if name not in DTYPES:
        raise ModelError(f"{value.name}: element type {name} has no counterpart in a Program")
    return name  # type: ignore[return-value]


def _read(state: str, tensor: str) -> Node:
    return Node(make("ReadVariable", state=state), (), (tensor,), state)


def _assign(state: str, tensor: str) -> Node:
    return Node(make("AssignVariable", state=state), (tensor,), (), state)
