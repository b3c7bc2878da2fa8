"""Replace operators by the function bodies that ONNX defines for them."""

from __future__ import annotations

from collections.abc import Container

import onnx
import onnx.inliner
import onnx_ir as ir

from limen.model.checks import weightless_proto
from limen.model.graph import Model
from limen.model.opset import lift_constants


def expand_functions(model: Model, keep: Container[str]) -> Model:
    """Inline the standard function body of every operator that is not in ``keep`` and has one.

    Returns:
        The same Model if there is no such operator.
    """
    for name in sorted({n.op_type for n in model.ir.graph if _expandable(n, model.opset) and n.op_type not in keep}):
        model = _expand(model, name)
    return model


def _expand(model: Model, name: str) -> Model:
    """Inline one operator; the same Model where ONNX cannot: the lowering then names it."""
    try:
        proto = onnx.inliner.inline_selected_functions(
            weightless_proto(model), [("", name)], inline_schema_functions=True
        )
        result = ir.from_proto(proto)
    except Exception:  # the inliner is C++ and raises anything
        return model
    before = sum(n.op_type == name for n in model.ir.graph)
    if sum(n.op_type == name for n in result.graph) >= before:
        return model
    _attach(result.graph, model.ir.graph)
    for graph in (result.graph, *result.graph.subgraphs()):
        lift_constants(graph)
    return model.with_ir(result)


def _expandable(node: ir.Node, opset: int) -> bool:
    if node.domain not in ("", "ai.onnx"):
        return False
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, "")
    except onnx.defs.SchemaError:
        return False
    return bool(schema.has_function or schema.has_context_dependent_function)  # type: ignore[attr-defined]


def _attach(graph: ir.Graph, source: ir.Graph) -> None:
    """Give the initialisers that were left out as inputs back to the graph."""
    inputs = {str(v.name): v for v in graph.inputs}
    for name, value in source.initializers.items():
        if name in inputs and not value.is_graph_input():
            restored = inputs[name]
            graph.inputs.remove(restored)
            restored.const_value = value.const_value
            graph.register_initializer(restored)
