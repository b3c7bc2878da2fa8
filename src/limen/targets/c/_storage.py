"""Which block of the arena holds which tensor: changes of shape and reads of a state cost neither bytes nor code."""

from __future__ import annotations

from dataclasses import dataclass

from limen.program import Node, Program

RESHAPES = ("Reshape", "Squeeze", "ExpandDims")


@dataclass(frozen=True)
class Storage:
    """Where tensors live.

    Args:
        roots: computed tensor -> the tensor, or ``state:NAME``, whose block it shares.
        copied: indices of nodes that only move bytes but must: reads of a state that is assigned while the value is
            still needed, assigns, and changes of shape of a constant.
        silent: indices of nodes that need no code.
    """

    roots: dict[str, str]
    copied: frozenset[int]
    silent: frozenset[int]

    def root(self, tensor: str) -> str:
        return self.roots.get(tensor, tensor)


def state_block(name: str) -> str:
    """The block of a state."""
    return f"state:{name}"


def assign_storage(program: Program) -> Storage:
    """Decide for every node that moves no elements whether it costs a copy."""
    last = _last_reads(program)
    assigns = {
        (node.op.state, index)  # type: ignore[attr-defined]
        for index, node in enumerate(program.nodes)
        if node.op.effect == "assign"
    }
    roots: dict[str, str] = {}
    copied, silent = set(), set()
    for index, node in enumerate(program.nodes):
        if node.op.effect == "assign":
            copied.add(index)
        elif node.op.effect == "read":
            state = node.op.state  # type: ignore[attr-defined]
            if any(s == state and index < at < last[node.outputs[0]] for s, at in assigns):
                copied.add(index)
            else:
                roots[node.outputs[0]] = state_block(state)
                silent.add(index)
        elif node.op.name in RESHAPES:
            _alias(program, node, index, roots, copied, silent)
    return Storage(roots, frozenset(copied), frozenset(silent))


def _alias(program: Program, node: Node, index: int, roots: dict[str, str], copied: set[int], silent: set[int]) -> None:
    source = node.inputs[0]
    if program.tensors[source].data is not None:
        copied.add(index)
        return
    roots[node.outputs[0]] = roots.get(source, source)
    silent.add(index)


def _last_reads(program: Program) -> dict[str, int]:
    """Tensor -> index of the last node that reads it or a change of its shape; past the end for outputs."""
    end = len(program.nodes) + 1
    last = {port.tensor: end for port in program.outputs}
    for index in reversed(range(len(program.nodes))):
        node = program.nodes[index]
        for name in node.inputs:
            last[name] = max(last.get(name, index), index)
        if node.op.name in RESHAPES:
            last[node.inputs[0]] = max(last[node.inputs[0]], last.get(node.outputs[0], index))
    return {**dict.fromkeys(program.tensors, -1), **last}
