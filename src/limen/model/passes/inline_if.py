"""Replace an If whose condition is constant by the branch it takes."""

from __future__ import annotations

import onnx_ir as ir

from limen.model.edit import fresh_name, insert, nodes_of, rewritten
from limen.model.graph import Model, constant_of


def inline_if(model: Model) -> Model:
    """Inline every If with a constant condition, nested ones too; the same Model if there is none."""
    return rewritten(model, inline_if_in)


def inline_if_in(graph: ir.Graph) -> int:
    """``inline_if`` in place; returns how many places it changed."""
    count = 0
    for node in nodes_of(graph, "If"):
        condition = constant_of(node.inputs[0])
        if condition is None or condition.size != 1:
            continue
        branch = node.attributes["then_branch" if bool(condition.reshape(())) else "else_branch"].as_graph()
        _inline(graph, node, branch)
        count += 1
    return count


def _inline(graph: ir.Graph, node: ir.Node, branch: ir.Graph) -> None:
    for name, value in list(branch.initializers.items()):
        del branch.initializers[name]
        value.name = fresh_name(graph, name)
        graph.register_initializer(value)
    results = list(branch.outputs)
    branch.outputs.clear()
    inner = list(branch)
    for moved in inner:
        for value in moved.outputs:
            if value.name:
                value.name = fresh_name(graph, value.name)
        branch.remove(moved)
        graph.insert_before(node, moved)
    for old, new in zip(node.outputs, results, strict=True):
        _take_place(graph, node, old, new, inner)
    graph.remove(node, safe=True)


def _take_place(graph: ir.Graph, node: ir.Node, old: ir.Value, new: ir.Value, inner: list[ir.Node]) -> None:
    """Let the branch's result carry the name of the If's output."""
    owned = new.producer() in inner and not new.is_graph_output()
    if not owned:
        new = insert(node, "Identity", [new], like=old)
    if new.shape is None:
        new.shape, new.type = old.shape, old.type or new.type
    if old.is_graph_output():
        for index, output in enumerate(graph.outputs):
            if output is old:
                graph.outputs[index] = new
    name, old.name = old.name, fresh_name(graph, f"{old.name}/replaced")
    new.name = name
    old.replace_all_uses_with(new)
