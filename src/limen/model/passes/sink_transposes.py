"""Move Transposes towards the outputs, through operators that do not care about the order of axes, until they cancel.

Exporters of channels-last frameworks wrap every convolution in a pair of Transposes; between the pairs lie elementwise
steps. Moving the first of a pair down makes it meet the second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from limen.model.edit import attribute, constant, insert, nodes_of, producer, rewritten, substitute
from limen.model.graph import Array, Model, constant_of, shape_of

_UNARY = {
    "Relu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Erf",
    "Exp", "Log", "Sqrt", "Neg", "Abs", "Softplus", "Softsign", "Mish", "Reciprocal", "Cast", "Floor", "Ceil", "Round",
    "Sin", "Cos", "Sign", "Not", "ThresholdedRelu", "Dropout", "Identity",
}  # fmt: skip
_BINARY = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Equal", "Less", "Greater", "Where", "Sum"}
_REDUCE = {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2"}
Permutation = tuple[int, ...]


def sink_transposes(model: Model) -> Model:
    """Merge pairs of Transposes, and push a Transpose through its readers where all of them let it pass."""
    return rewritten(model, sink_transposes_in)


def sink_transposes_in(graph: ir.Graph) -> int:
    """``sink_transposes`` in place; returns how many places it changed."""
    count = 0
    work = list(nodes_of(graph, "Transpose"))
    while work:
        node = work.pop(0)
        permutation = permutation_of(node)
        if node.graph is None or permutation is None or node.outputs[0].is_graph_output():
            continue
        readers = [use.node for use in node.outputs[0].uses()]
        if not readers or not all(_passes(reader, permutation) for reader in readers):
            continue
        for reader in dict.fromkeys(readers):
            work.append(_push(graph, reader, permutation))
            count += 1
        graph.remove(node, safe=True)
    return count


def permutation_of(node: ir.Node) -> Permutation | None:
    """The permutation of a Transpose; None where the rank is unknown."""
    shape = node.inputs[0].shape if node.inputs[0] is not None else None
    if shape is None:
        return None
    permutation = attribute(node, "perm", tuple(reversed(range(len(shape)))))
    return permutation if sorted(permutation) == list(range(len(shape))) else None


def _passes(reader: ir.Node, permutation: Permutation) -> bool:
    """Whether the reader works on the untransposed value as well."""
    if reader.domain not in ("", "ai.onnx") or len(reader.outputs) != 1:
        return False
    if reader.op_type == "Transpose":
        return permutation_of(reader) is not None
    if reader.op_type in _UNARY:
        return True
    if reader.op_type in _BINARY:
        return all(_operand_passes(v, permutation) for v in reader.inputs)
    if reader.op_type in _REDUCE:
        keeps = attribute(reader, "keepdims", 1) == 1
        return keeps and len(reader.inputs) == 2 and constant_of(reader.inputs[1]) is not None
    return reader.op_type == "Pad" and constant_of(reader.inputs[1]) is not None and len(reader.inputs) < 4


def _operand_passes(value: ir.Value | None, permutation: Permutation) -> bool:
    if value is None:
        return False
    array = constant_of(value)
    if array is not None:
        return array.ndim <= len(permutation)
    maker = producer(value, "Transpose")
    return maker is not None and permutation_of(maker) == permutation


def _push(graph: ir.Graph, reader: ir.Node, permutation: Permutation) -> ir.Node:
    """Let the reader work before the Transpose: reader(T(x)) becomes T(reader(x)), T(T(x)) becomes one Transpose."""
    old = reader.outputs[0]
    if reader.op_type == "Transpose":
        second = permutation_of(reader)
        maker = producer(reader.inputs[0], "Transpose")
        assert second is not None
        assert maker is not None
        merged = tuple(permutation[axis] for axis in second)
        new = insert(reader, "Transpose", [maker.inputs[0]], {"perm": merged}, like=old)
    else:
        inputs = _inputs(graph, reader, permutation)
        attributes = {k: a.value for k, a in reader.attributes.items()}
        inner = insert(reader, reader.op_type, inputs, attributes, name=f"{old.name}/inner")
        shape = shape_of(old)
        inner.type = old.type
        if shape is not None:
            inner.shape = ir.Shape([shape[permutation.index(axis)] for axis in range(len(permutation))])
        new = insert(reader, "Transpose", [inner], {"perm": permutation}, like=old)
    substitute(old, new)
    graph.remove(reader, safe=True)
    moved = producer(new, "Transpose", "Identity")
    assert moved is not None
    return moved


def _inputs(graph: ir.Graph, reader: ir.Node, permutation: Permutation) -> Sequence[ir.Value | None]:
    """The reader's inputs as they are before the Transpose."""
    inputs: list[ir.Value | None] = []
    for index, value in enumerate(reader.inputs):
        maker = producer(value, "Transpose")
        array = constant_of(value)
        if maker is not None and permutation_of(maker) == permutation:
            inputs.append(maker.inputs[0])
        elif array is not None and reader.op_type in _REDUCE:
            axes = np.asarray([permutation[int(a)] for a in array.reshape(-1)], np.int64)
            inputs.append(constant(graph, str(value.name), axes))  # type: ignore[union-attr]
        elif array is not None and reader.op_type == "Pad" and index == 1:
            pads = array.reshape(2, -1)
            moved = np.asarray([[row[permutation.index(a)] for a in range(len(permutation))] for row in pads])
            inputs.append(constant(graph, str(value.name), moved.reshape(-1).astype(np.int64)))  # type: ignore[union-attr]
        elif array is not None and reader.op_type in _BINARY and array.size > 1:
            inputs.append(constant(graph, str(value.name), _unpermuted(array, permutation)))  # type: ignore[union-attr]
        else:
            inputs.append(value)
    return inputs


def _unpermuted(array: Array, permutation: Permutation) -> Array:
    """The constant operand as it broadcasts before the Transpose."""
    full = array.reshape((1,) * (len(permutation) - array.ndim) + array.shape)
    return np.transpose(full, [permutation.index(axis) for axis in range(len(permutation))])
