"""The subgraphs of a .tflite file as one Program: tensors, nodes, states.

Shapes follow the operators' own shape rules from the inputs on, as in the runtime; what the file declares for computed
tensors is their name, element type and quantisation. Operands that TFLite passes as tensors and a Program keeps as
attributes are worked out from constants by the operators' own reference semantics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from limen.errors import LimenError, ModelError, ProgramError, UnsupportedOp
from limen.importers._tflite_call import WHERE, Call
from limen.importers._tflite_constants import CONSTANT_MAKERS
from limen.importers._tflite_file import RawFile, RawOperator, RawSubgraph, RawTensor, constant
from limen.importers._tflite_ops import CONVERTERS
from limen.importers._tflite_quant import quantisation
from limen.ops.assign_variable import AssignVariable
from limen.ops.read_variable import ReadVariable
from limen.program import Array, DType, Node, Operands, Shape, State, Tensor
from limen.program.types import DTYPES
from limen.registry import suggest

MAX_TENSOR_BYTES = 2**31 - 1
_MAX_FOLDED_BYTES = 2**26
_BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


@dataclass
class Graph:
    """A subgraph while it is converted.

    Args:
        file, raw: what is converted.
        handles: tensor index of a resource -> state's key, shared by the file's subgraphs.
        tensors: by name.
        nodes: so far.
        made: tensor name -> the node that writes it.
        folded: tensor name -> its value, worked out from constants.
    """

    file: RawFile
    raw: RawSubgraph
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    made: dict[str, Node] = field(default_factory=dict)
    folded: dict[str, Array] = field(default_factory=dict)
    handles: dict[int, str] = field(default_factory=dict)
    states: dict[str, State | None] = field(default_factory=dict)

    def name(self, index: int) -> str:
        return self.raw.tensors[index].name


def start(file: RawFile, index: int, shapes: dict[int, Shape]) -> Graph:
    """A graph with its inputs (tensor index -> shape) and constants."""
    raw = file.subgraphs[index]
    graph = Graph(file, raw)
    written = {o for operator in raw.operators for o in operator.outputs}
    for number, tensor in enumerate(raw.tensors):
        if number in shapes:
            add(graph, tensor, shapes[number])
        elif tensor.data is not None and number not in written:
            _add_constant(graph, tensor)
        elif number not in written and 0 in tensor.shape and tensor.dtype in DTYPES:
            _add_constant(graph, replace(tensor, data=(0, 0)))
    return graph


def add(graph: Graph, raw: RawTensor, shape: Shape) -> None:
    """Add a tensor that is an input or computed.

    Raises:
        ModelError: its element type or size has no counterpart.
    """
    if raw.dtype not in DTYPES:
        raise ModelError(f"{raw.name}: element type {raw.dtype} is not supported")
    dtype: DType = raw.dtype  # type: ignore[assignment]
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if not 0 <= size <= MAX_TENSOR_BYTES or min(shape, default=0) < 0:
        raise ModelError(f"{raw.name}: {dtype}{list(shape)} is not a size that a device can hold")
    graph.tensors[raw.name] = Tensor(raw.name, shape, dtype, quantisation(raw, dtype, len(shape)))


def _add_constant(graph: Graph, raw: RawTensor) -> None:
    """Add a constant, unless nothing could use it (text, unknown types); then a reader of it is refused."""
    if raw.is_sparse or (raw.dtype not in DTYPES and raw.dtype != "INT4"):
        return
    data = constant(graph.file, raw)
    dtype: DType = data.dtype.name  # type: ignore[assignment]
    quant = quantisation(raw, dtype, data.ndim, is_constant=True)
    graph.tensors[raw.name] = Tensor(raw.name, data.shape, dtype, quant, data)


def convert(graph: Graph) -> None:
    """Convert the operators in order.

    Raises:
        UnsupportedOp: names the node, the operator and what is wrong with it.
        ModelError: the graph is not valid.
    """
    for number, operator in enumerate(graph.raw.operators):
        name = graph.name(operator.outputs[0]) if operator.outputs else f"operator {number} ({operator.builtin})"
        try:
            _convert_one(graph, operator, name)
        except ProgramError as error:
            raise ModelError(f"{name}: {error.message}", error.hint) from error
        except LimenError:
            raise
        except _BROKEN as error:
            raise ModelError(f"{name}: {operator.builtin} is not valid: {error}") from error


def _convert_one(graph: Graph, operator: RawOperator, name: str) -> None:
    special = _SPECIAL.get(operator.builtin)
    if special is not None:
        special(graph, operator, name)
        return
    maker = CONSTANT_MAKERS.get(operator.builtin)
    table, converter = CONVERTERS.get(operator.builtin, ("", None))
    if converter is None and maker is None:
        hint = None if operator.builtin.startswith("CUSTOM") else suggest(operator.builtin, CONVERTERS)
        raise UnsupportedOp(name, operator.builtin, WHERE, hint)
    call = _call(graph, operator, name, table)
    if maker is not None:
        _write_constant(graph, call, maker(call))
    elif converter is not None:
        made = converter(call)
        _append(graph, Node(made.op, made.inputs, tuple(o.name for o in call.outputs), name), call.outputs)


def _call(graph: Graph, operator: RawOperator, name: str, table: str) -> Call:
    inputs = ["" if i < 0 else graph.name(i) for i in operator.inputs]
    while inputs and not inputs[-1]:
        inputs.pop()
    for item in filter(None, inputs):
        if item not in graph.tensors:
            raise _missing(graph, item, name, operator)
    outputs = tuple(graph.raw.tensors[i] for i in operator.outputs)
    for output in outputs:
        if output.name in graph.tensors:
            raise ModelError(f"{name}: writes {output.name}, which has a value already")
    return Call(operator, name, table, tuple(inputs), outputs, graph.tensors, lambda item: fold(graph, item))


def _missing(graph: Graph, item: str, name: str, operator: RawOperator) -> LimenError:
    """Why a tensor that is read has no value."""
    raw = next(t for t in graph.raw.tensors if t.name == item)
    if raw.is_sparse:
        return UnsupportedOp(name, f"{operator.builtin} (sparse tensor {item})", WHERE, "densify the weights first")
    if raw.is_variable:
        return UnsupportedOp(name, f"{operator.builtin} (variable tensor {item})", WHERE, "export states as resources")
    if raw.data is not None:
        return UnsupportedOp(name, f"{operator.builtin} ({item} of type {raw.dtype})", WHERE)
    return ModelError(f"{name}: reads {item} before it is written")


def _append(graph: Graph, node: Node, outputs: tuple[RawTensor, ...]) -> None:
    inputs = tuple(graph.tensors[i] if i else None for i in node.inputs)
    low, high = node.op.arity
    if not low <= len(inputs) <= high:
        raise ModelError(f"{node.name}: {node.op.name} takes {low} to {high} inputs, got {len(inputs)}")
    kinds = node.op.infer(inputs)
    if len(kinds) != len(outputs):
        raise ModelError(f"{node.name}: {node.op.name} has {len(kinds)} outputs, the file names {len(outputs)}")
    for raw, kind in zip(outputs, kinds, strict=True):
        if raw.dtype != kind.dtype:
            raise ModelError(f"{node.name}: {raw.name} is {raw.dtype}, {node.op.name} gives {kind.dtype}")
        add(graph, raw, kind.shape)
        graph.made[raw.name] = node
    graph.nodes.append(node)


def _write_constant(graph: Graph, call: Call, value: Array) -> None:
    if len(call.outputs) != 1:
        raise ModelError(f"{call.name}: {call.raw.builtin} has one output, the file names {len(call.outputs)}")
    (raw,) = call.outputs
    if raw.dtype != value.dtype.name:
        raise ModelError(f"{raw.name}: is {raw.dtype}, {call.raw.builtin} gives {value.dtype.name}")
    add(graph, raw, value.shape)
    graph.tensors[raw.name] = Tensor.constant(raw.name, value, graph.tensors[raw.name].quant)


def fold(graph: Graph, name: str) -> Array | None:
    """The value of a tensor that depends on constants only; None where it does not or would be large."""
    pending = [name]
    while pending:
        top = pending[-1]
        tensor, node = graph.tensors[top], graph.made.get(top)
        if top in graph.folded or tensor.data is not None:
            pending.pop()
            continue
        if node is None or node.op.effect != "none" or tensor.nbytes > _MAX_FOLDED_BYTES:
            return None
        open_inputs = [i for i in node.inputs if i and graph.tensors[i].data is None and i not in graph.folded]
        if open_inputs:
            pending += open_inputs
            continue
        _fold_node(graph, node)
    data = graph.tensors[name].data
    return graph.folded[name] if data is None else data


def _fold_node(graph: Graph, node: Node) -> None:
    tensors = tuple(graph.tensors[i] if i else None for i in node.inputs)
    values = [None if t is None else graph.folded.get(t.name, t.data) for t in tensors]
    operands = Operands(tensors, tuple(graph.tensors[o] for o in node.outputs))
    node.op.check(operands)
    with np.errstate(all="ignore"):
        results = node.op.reference(values, operands)
    graph.folded.update(zip(node.outputs, results, strict=True))


def _handle(graph: Graph, operator: RawOperator, name: str) -> None:
    """VAR_HANDLE: the state is known by its container and shared name."""
    container, shared = (operator.option("VarHandleOptions", o) for o in ("container", "shared_name"))
    key = f"{container}/{shared}" if container else shared
    for output in operator.outputs[:1]:
        graph.handles[output] = key
        graph.states.setdefault(key, None)


def _state_key(graph: Graph, operator: RawOperator, name: str) -> str:
    key = graph.handles.get(operator.inputs[0]) if operator.inputs else None
    if key is None:
        raise ModelError(f"{name}: {operator.builtin} without the handle of a variable")
    return key


def _read(graph: Graph, operator: RawOperator, name: str) -> None:
    key = _state_key(graph, operator, name)
    if len(operator.outputs) != 1:
        raise ModelError(f"{name}: READ_VARIABLE has one output, the file names {len(operator.outputs)}")
    raw = graph.raw.tensors[operator.outputs[0]]
    state = graph.states[key]
    if raw.name in graph.tensors:
        raise ModelError(f"{name}: writes {raw.name}, which has a value already")
    add(graph, raw, raw.shape if state is None else state.shape)
    tensor = graph.tensors[raw.name]
    if state is None:
        graph.states[key] = State(key, np.zeros(tensor.shape, tensor.dtype), tensor.quant)
    elif state.dtype != tensor.dtype:
        raise ModelError(f"{name}: reads {key} as {tensor.dtype}, it is {state.dtype}")
    elif state.quant is None:
        graph.states[key] = replace(state, quant=tensor.quant)
    node = Node(ReadVariable(key), (), (raw.name,), name)
    graph.made[raw.name] = node
    graph.nodes.append(node)


def _assign(graph: Graph, operator: RawOperator, name: str) -> None:
    key = _state_key(graph, operator, name)
    if len(operator.inputs) != 2 or operator.inputs[1] < 0:
        raise ModelError(f"{name}: ASSIGN_VARIABLE takes a handle and a value")
    item = graph.name(operator.inputs[1])
    if item not in graph.tensors:
        raise _missing(graph, item, name, operator)
    tensor, state = graph.tensors[item], graph.states[key]
    if state is None:
        graph.states[key] = State(key, np.zeros(tensor.shape, tensor.dtype), tensor.quant)
    graph.nodes.append(Node(AssignVariable(key), (item,), ()))


def _call_once(graph: Graph, operator: RawOperator, name: str) -> None:
    """Run the initialisation: what it assigns are the states' initial values."""
    index = operator.option("CallOnceOptions", "init_subgraph_index")
    if not 0 < index < len(graph.file.subgraphs):
        raise ModelError(f"{name}: subgraph {index} does not exist, there are {len(graph.file.subgraphs)}")
    raw = graph.file.subgraphs[index]
    if any(o.builtin == "CALL_ONCE" for o in raw.operators) or raw.inputs:
        raise UnsupportedOp(name, "CALL_ONCE (an initialisation with inputs or calls of its own)", WHERE)
    inner = start(graph.file, index, {})
    convert(inner)
    for node in inner.nodes:
        if isinstance(node.op, AssignVariable):
            value = fold(inner, node.inputs[0])
            if value is None:
                raise UnsupportedOp(name, f"CALL_ONCE (the value of {node.op.state} is not constant)", WHERE)
            quant = inner.tensors[node.inputs[0]].quant
            graph.states[node.op.state] = State(node.op.state, np.array(value), quant)


_SPECIAL: dict[str, Callable[[Graph, RawOperator, str], Any]] = {
    "ASSIGN_VARIABLE": _assign,
    "CALL_ONCE": _call_once,
    "READ_VARIABLE": _read,
    "VAR_HANDLE": _handle,
}
