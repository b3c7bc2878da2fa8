"""Single nodes of a float Program on many samples: LiteRT for what has weights, the reference for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from limen.errors import Unsupported
from limen.program import Array, Node, Port, Program

Layer = Callable[[Array], Array]


def layer(program: Program, node: Node, weights: Array, bias: Array | None) -> Layer:
    """A weighted node without its activation, with other weights, as a function of its data input.

    Args:
        program: float, with the node.
        node: Conv2D, DepthwiseConv2D or FullyConnected.
        weights: float32, of the weights' shape.
        bias: float32 [channels]; None for none.
    """
    op: Any = replace(node.op, activation="none")  # type: ignore[call-arg]
    names = (*node.inputs[:2], *((f"{node.outputs[0]}/bias",) if bias is not None else ()))
    tensors = {n: program.tensors[n] for n in (node.inputs[0], node.inputs[1], node.outputs[0])}
    tensors[node.inputs[0]] = replace(tensors[node.inputs[0]], data=None)
    tensors[node.inputs[1]] = replace(tensors[node.inputs[1]], data=np.ascontiguousarray(weights, np.float32))
    if bias is not None:
        shape = (len(bias),)
        plain = replace(tensors[node.inputs[1]], name=names[2], shape=shape, data=np.asarray(bias, np.float32))
        tensors[names[2]] = plain
    source, output = ((Port(n, n),) for n in (node.inputs[0], node.outputs[0]))
    alone = Program("layer", tensors, (replace(node, op=op, inputs=names),), source, output)
    try:
        return _litert(alone)
    except (ImportError, Unsupported):
        return _reference(alone)


def _litert(alone: Program) -> Layer:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from limen.targets.tflite import write

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(model_content=write(alone), experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise Unsupported(f"{alone.nodes[0].name}: LiteRT refuses the node: {error}") from error
    source = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]

    def call(x: Array) -> Array:
        interpreter.set_tensor(source, np.ascontiguousarray(x))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return call


def _reference(alone: Program) -> Layer:
    node, operands = alone.nodes[0], alone.operands(alone.nodes[0])
    constants = tuple(alone.tensors[n].data for n in node.inputs[1:])

    def call(x: Array) -> Array:
        return np.asarray(node.op.reference((x, *constants), operands)[0])

    return call


def evaluate(program: Program, node: Node, values: Mapping[str, Array]) -> tuple[Array, ...]:
    """The node's outputs by its reference; constants come from the Program."""
    inputs: list[Array | None] = []
    for name in node.inputs:
        tensor = program.tensors[name] if name else None
        inputs.append(None if tensor is None else tensor.data if tensor.data is not None else values[name])
    return tuple(np.asarray(r) for r in node.op.reference(tuple(inputs), program.operands(node)))
