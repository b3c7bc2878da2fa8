"""What passes on a Program share."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from limen.program import Node, Program, Tensor


def readers(program: Program) -> Counter[str]:
    """Tensor name -> how often it is read; an output counts as a read."""
    counts = Counter(name for node in program.nodes for name in node.inputs if name)
    counts.update(port.tensor for port in program.outputs)
    return counts


def renamed_inputs(node: Node, table: dict[str, str]) -> Node:
    """The node with its inputs looked up in the table, repeatedly."""

    def final(name: str) -> str:
        while name in table:
            name = table[name]
        return name

    inputs = tuple(final(name) for name in node.inputs)
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def fresh(program: Program, base: str, taken: set[str]) -> str:
    """A tensor name that is not used yet; it is added to ``taken``."""
    name, count = base, 0
    while name in program.tensors or name in taken:
        count += 1
        name = f"{base}.{count}"
    taken.add(name)
    return name


def constant_of(program: Program, name: str) -> Tensor | None:
    """The tensor, if it is a constant."""
    tensor = program.tensors.get(name)
    return tensor if tensor is not None and tensor.data is not None else None
