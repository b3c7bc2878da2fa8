"""What passes share: a private copy of the graph, constants, new nodes, and removal of what nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import onnx_ir as ir

from limen.errors import ModelError
from limen.model.graph import Array, Model, constant_of

T = TypeVar("T")
_NAMES = "limen_names"
# What numpy and Python raise when a graph's shapes and attributes contradict each other.
_MISFITS = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, ArithmeticError)


Rewrite = Callable[[ir.Graph], int]


def rewritten(model: Model, rewrite: Rewrite) -> Model:
    """Apply ``rewrite`` to a copy of the graph; the same Model back if it reports 0 changes.

    Args:
        model: the source; it is not changed. Weights are shared with the result.
        rewrite: edits the graph in place and returns how many places it changed.
    """
    return settled(model, rewrite, rounds=1)


def settled(model: Model, *rewrites: Rewrite, rounds: int = 16) -> Model:
    """Apply the rewrites in turn to one copy of the graph until none changes it; the same Model if none ever did.

    Raises:
        ModelError: the graph's shapes and attributes contradict each other.
    """
    copy = model.ir.clone()
    copy.graph.meta.pop(_NAMES, None)
    total = 0
    for _ in range(rounds):
        changes = 0
        for rewrite in rewrites:
            try:
                count = rewrite(copy.graph)
            except _MISFITS as error:
                raise ModelError(f"{model.name}: the graph contradicts itself: {error}") from error
            if count:
                remove_unused(copy.graph)
            changes += count
        total += changes
        if changes == 0:
            break
    return model.with_ir(copy) if total else model


def remove_unused(graph: ir.Graph) -> int:
    """Remove nodes and initialisers that reach no output; return how many."""
    removed = 0
    for node in reversed(list(graph)):
        if not any(v.uses() or v.is_graph_output() for v in node.outputs):
            graph.remove(node, safe=True)
            removed += 1
    for name, value in list(graph.initializers.items()):
        if not (value.uses() or value.is_graph_output() or value.is_graph_input()):
            del graph.initializers[name]
            removed += 1
    return removed


def fresh_name(graph: ir.Graph, base: str) -> str:
    """A name that no value and no node of the graph has yet; names handed out are remembered on the graph."""
    taken: set[str] | None = graph.meta.get(_NAMES)
    if taken is None:
        taken = {str(v.name) for v in graph.inputs} | set(graph.initializers)
        taken |= {str(v.name) for node in graph.all_nodes() for v in node.outputs}
        taken |= {str(node.name) for node in graph.all_nodes() if node.name}
        graph.meta[_NAMES] = taken
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}.{count}"
    taken.add(name)
    return name


def constant(graph: ir.Graph, base: str, array: Array) -> ir.Value:
    """Register an initialiser under a fresh name."""
    array = np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array)
    name = fresh_name(graph, base)
    value = ir.Value(
        name=name,
        shape=ir.Shape(array.shape),
        type=ir.TensorType(ir.DataType.from_numpy(array.dtype)),
        const_value=ir.tensor(array, name=name),
    )
    graph.register_initializer(value)
    return value


def insert(
    anchor: ir.Node,
    op: str,
    inputs: Sequence[ir.Value | None],
    attributes: dict[str, Any] | None = None,
    name: str | None = None,
    like: ir.Value | None = None,
    outputs: int = 1,
) -> ir.Value:
    """Insert a node before ``anchor``; return its first output.

    Args:
        anchor: the node that comes after.
        op: operator type of the standard domain.
        inputs: its input values; None for an absent one.
        attributes: plain values.
        name: base of the output's name.
        like: a value whose shape and type the output has.
        outputs: how many outputs it has.
    """
    graph = anchor.graph
    assert isinstance(graph, ir.Graph)
    base = name or f"{anchor.outputs[0].name}/{op}"
    node = ir.node(op, inputs, attributes or {}, num_outputs=outputs)
    for index, value in enumerate(node.outputs):
        value.name = fresh_name(graph, base if index == 0 else f"{base}.{index}")
    node.name = node.outputs[0].name
    if like is not None:
        node.outputs[0].shape, node.outputs[0].type = like.shape, like.type
    graph.insert_before(anchor, node)
    return node.outputs[0]


def substitute(old: ir.Value, new: ir.Value) -> None:
    """Let ``new`` take the place and the name of ``old``, also as a graph output.

    Where ``new`` is a graph input, an initialiser or a graph output it keeps its own name; if ``old`` is a graph
    output too, an Identity makes that from it.
    """
    node = old.producer()
    assert node is not None
    graph = node.graph
    assert isinstance(graph, ir.Graph)
    pinned = new.is_graph_input() or new.is_initializer() or new.is_graph_output()
    if old.is_graph_output():
        if pinned or new.producer() is None:
            new = insert(node, "Identity", [new], like=old)
            pinned = False
        for index, output in enumerate(graph.outputs):
            if output is old:
                graph.outputs[index] = new
    if not pinned:
        name, old.name = old.name, fresh_name(graph, f"{old.name}/replaced")
        new.name = name
    old.replace_all_uses_with(new)


def attribute(node: ir.Node, name: str, default: T) -> T:
    """A plain attribute value (int, float, str, tuples of them), or the default."""
    found = node.attributes.get(name)
    if found is None or not isinstance(found, ir.Attr):
        return default
    value = found.value
    if isinstance(default, float) and isinstance(value, int):
        return float(value)  # type: ignore[return-value]
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]


def scalar_of(value: ir.Value | None) -> float | None:
    """The float of a constant with one element; None otherwise."""
    array = constant_of(value)
    if array is None or array.size != 1 or array.dtype.kind not in "fiu":
        return None
    return float(array.reshape(()))


def only_reader(value: ir.Value | None) -> ir.Node | None:
    """The node that alone reads the value, once; None if it has more readers or is a graph output."""
    if value is None or value.is_graph_output():
        return None
    uses = value.uses()
    return next(iter(uses)).node if len(uses) == 1 else None


def producer(value: ir.Value | None, *ops: str) -> ir.Node | None:
    """The standard-domain node of one of these types that writes the value."""
    node = value.producer() if value is not None else None
    return node if node is not None and node.op_type in ops and node.domain in ("", "ai.onnx") else None


def nodes_of(graph: ir.Graph, *ops: str) -> Iterable[ir.Node]:
    """The graph's standard-domain nodes of these types, in order; safe against edits while iterating."""
    return [node for node in graph if node.op_type in ops and node.domain in ("", "ai.onnx")]
