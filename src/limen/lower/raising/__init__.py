"""Program -> Model: an ONNX graph of the same meaning, so that a .tflite runs on the engines that take ONNX.

A quantised Program becomes a QDQ Model whose integer tensors are real values between Q/DQ pairs; ports keep the
Program's element types. Results are ``bounded``: ONNX engines round otherwise than the Program's integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from onnx import helper

from limen.errors import UnsupportedOp
from limen.lower.raising import pointwise, shape, weighted
from limen.lower.raising._context import Raising, Site, value_info
from limen.model.graph import Model, StatePair
from limen.program import Node, Port, Program, Tensor

RAISE: Mapping[str, Callable[[Site], None]] = {**pointwise.RAISE, **shape.RAISE, **weighted.RAISE}  # type: ignore[dict-item]
OPSET = 21
IR_VERSION = 10


def raise_program(program: Program) -> Model:
    """The Model; its inputs and outputs have the ports' names in the Program's layout.

    Raises:
        UnsupportedOp: an operator has no ONNX form here; names the node.
    """
    raising = Raising(program)
    raising.reserve(port.name for port in (*program.inputs, *program.outputs))
    inputs = [_input(raising, port) for port in program.inputs]
    states = {state.name: f"{state.name}/read" for state in program.states}
    for state in program.states:
        tensor = Tensor(states[state.name], state.shape, state.dtype, state.quant)
        inputs.append(value_info(raising.fresh(tensor.name), tensor))
    for node in program.nodes:
        _node(raising, node, states)
    outputs = [_output(raising, port) for port in program.outputs]
    pairs = []
    for state in program.states:
        tensor = Tensor(f"{state.name}/next", state.shape, state.dtype, state.quant)
        name = raising.fresh(tensor.name)
        raising.nodes.append(helper.make_node("Identity", [states[state.name]], [name], name=name))
        outputs.append(value_info(name, tensor))
        pairs.append(StatePair(f"{state.name}/read", name, state.initial))
    graph = helper.make_graph(raising.nodes, program.name or "model", inputs, outputs, raising.initializers)
    opset = [helper.make_opsetid("", OPSET)]
    proto = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="limen")
    model = Model.from_proto(proto)
    return Model(model.ir, tuple(pairs), dict(program.metadata))


def _input(raising: Raising, port: Port) -> Any:
    tensor = raising.program.tensors[port.tensor]
    raising.dequantize(tensor, port.name)
    return value_info(port.name, tensor)


def _output(raising: Raising, port: Port) -> Any:
    tensor = raising.program.tensors[port.tensor]
    codes = raising.real(tensor) if tensor.data is not None else raising.quantized(tensor)
    raising.nodes.append(helper.make_node("Identity", [codes], [port.name], name=f"{port.name}/output"))
    return value_info(port.name, tensor)


def _node(raising: Raising, node: Node, states: dict[str, str]) -> None:
    operands = raising.program.operands(node)
    site = Site(raising, node, operands.inputs, operands.outputs)
    if node.op.effect == "read":
        raising.dequantize(operands.outputs[0], states[node.op.state])  # type: ignore[attr-defined]
        return
    if node.op.effect == "assign":
        tensor = site.tensor(0)
        codes = raising.real(tensor) if tensor.data is not None else raising.quantized(tensor)
        states[node.op.state] = codes  # type: ignore[attr-defined]
        return
    if node.op.name not in RAISE:
        raise UnsupportedOp(node.name or site.base, node.op.name, "target onnx", "use target tflite")
    if _works_on_codes(site):
        case = f"{node.op.name} on codes of different scales or without their zero point"
        raise UnsupportedOp(node.name or site.base, case, "target onnx", "use target tflite")
    RAISE[node.op.name](site)


def _works_on_codes(site: Site) -> bool:
    """Whether the operator moves or negates codes so that the real values change, which a Q/DQ pair cannot say."""
    op = site.node.op
    tensors = [t for t in (*site.inputs, *site.outputs) if t is not None and t.quant is not None]
    if op.name == "Neg":
        return bool(tensors)
    return op.quant_rule.kind == "same" and op.name != "Concatenation" and len({t.quant for t in tensors}) > 1
