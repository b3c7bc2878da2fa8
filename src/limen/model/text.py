"""The text form of a Model: one line per value, for people and for diffs; weights are named by shape and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from limen.model.graph import Model, constant_of


def to_text(model: Model) -> str:
    """Inputs, initialisers, nodes and outputs in order; the same Model gives the same text."""
    return "\n".join(_lines(model)) + "\n"


def _lines(model: Model) -> Iterator[str]:
    graph = model.ir.graph
    yield f"model {model.name} opset {model.opset}"
    yield from (f"state {pair.input} <- {pair.output}" for pair in model.states)
    yield from (f"input {_typed(value)}" for value in graph.inputs)
    for value in graph.initializers.values():
        yield f"const {_typed(value)} = {_weights(value)}"
    for node in graph:
        results = ", ".join(_typed(v) for v in node.outputs)
        operands = ", ".join("-" if v is None else str(v.name) for v in node.inputs)
        settings = " ".join(f"{k}={_plain(a)}" for k, a in sorted(node.attributes.items()))
        yield f"{results} = {node.op_type}({operands}) {settings}".rstrip()
    yield from (f"output {_typed(value)}" for value in graph.outputs)


def _typed(value: ir.Value) -> str:
    dtype = value.dtype.name.lower() if value.dtype is not None else "?"
    shape = "?" if value.shape is None else ",".join(str(d) for d in value.shape)
    return f"{value.name}: {dtype}[{shape}]"


def _weights(value: ir.Value) -> str:
    if value.dtype == ir.DataType.STRING:
        return "strings"
    array = constant_of(value)
    if array is None:
        return "?"
    if array.size <= 4:
        return str(array.reshape(-1).tolist())
    return "sha256:" + hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def _plain(attr: ir.Attr) -> str:
    if isinstance(attr.value, int | float | str | tuple | list):
        return str(list(attr.value) if isinstance(attr.value, tuple) else attr.value)
    return f"<{attr.name}>"
