"""Which tensors share scale and zero point.

An operator of kind ``same`` ties its data inputs and outputs together. One that joins several inputs (concatenation)
ties an input only where its own range fills at least JOIN_SHARE of the union: a narrow input keeps its own scale, and
emission requantises it at the join, which costs one pass over it and saves bits everywhere before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from limen.optimize.ranges import Range
from limen.program import Node, Program, Tensor

JOIN_SHARE = 0.5


def node_key(node: Node) -> str:
    """What islands are keyed by: the first output; an assign has none and goes by its state."""
    return node.outputs[0] if node.outputs else f"assign {getattr(node.op, 'state', '')}"


def activation_inputs(program: Program, node: Node) -> Iterator[tuple[int, str]]:
    """Position and name of the inputs of an integer node that carry float32 data, constants included."""
    rule = node.op.quant_rule
    for index, name in enumerate(node.inputs):
        if not name or index in (rule.weights, rule.bias):
            continue
        if rule.data_inputs is not None and index not in rule.data_inputs:
            continue
        if program.tensors[name].dtype == "float32":
            yield index, name


def activation_names(program: Program, node: Node) -> Iterator[str]:
    """Inputs and outputs of a node that carry float32 activations."""
    yield from (name for _, name in activation_inputs(program, node))
    yield from (name for name in node.outputs if program.tensors[name].dtype == "float32")


class Groups:
    """Union-find over tensor names; every group knows the union of its members' ranges."""

    def __init__(self, program: Program, ranges: Mapping[str, Range]) -> None:
        self._parent: dict[str, str] = {name: name for name in program.tensors}
        self._ranges = {name: _range_of(tensor, ranges) for name, tensor in program.tensors.items()}

    def find(self, name: str) -> str:
        """The group's representative."""
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, names: list[str]) -> None:
        """Make one group of several."""
        roots = sorted({self.find(n) for n in names})
        for root in roots[1:]:
            self._ranges[roots[0]] = _union(self._ranges[roots[0]], self._ranges[root])
            self._parent[root] = roots[0]

    def widen(self, name: str, interval: Range) -> None:
        """Let the group's range include an interval."""
        root = self.find(name)
        self._ranges[root] = _union(self._ranges[root], interval)

    def settle(self, name: str, interval: Range) -> None:
        """Give the group this range instead of its own."""
        self._ranges[self.find(name)] = interval

    def range(self, name: str) -> Range:
        """Union of the members' ranges, zero included; [0, 0] where nothing was seen."""
        return self._ranges[self.find(name)] or Range(0.0, 0.0)

    def shared(self, name: str) -> bool:
        """Whether the group has other members."""
        return self.find(name) in self._crowded

    @functools.cached_property
    def _crowded(self) -> frozenset[str]:
        return frozenset(self.find(name) for name in self._parent if self.find(name) != name)


def group_tensors(program: Program, nodes: list[Node], ranges: Mapping[str, Range]) -> Groups:
    """Groups of a float Program.

    Args:
        program: its constants are separated.
        nodes: those that will run in integers.
        ranges: tensor name -> interval.
    """
    groups = Groups(program, ranges)
    same = [node for node in nodes if node.op.quant_rule.kind == "same"]
    joining = [node for node in same if len(list(activation_inputs(program, node))) > 1]
    for node in same:
        if node not in joining:
            groups.join(list(activation_names(program, node)))
    for names in _state_groups(program):
        groups.join(names)
    for node in joining:
        inputs = [name for _, name in activation_inputs(program, node)]
        widest = _union(*(groups.range(name) for name in inputs))
        wide = [n for n in inputs if _wide_enough(program, groups, n, widest)]
        groups.join([*wide, *(n for n in node.outputs if program.tensors[n].dtype == "float32")])
    return groups


def _wide_enough(program: Program, groups: Groups, name: str, union: Range | None) -> bool:
    if program.tensors[name].data is not None or union is None or union.high <= union.low:
        return True
    own = groups.range(name)
    return (own.high - own.low) >= JOIN_SHARE * (union.high - union.low)


def _union(*ranges: Range | None) -> Range | None:
    seen = [r for r in ranges if r is not None]
    if not seen:
        return None
    return Range(min(0.0, *(r.low for r in seen)), max(0.0, *(r.high for r in seen)))


def _range_of(tensor: Tensor, ranges: Mapping[str, Range]) -> Range | None:
    if tensor.data is not None and tensor.dtype == "float32" and tensor.size:
        return Range(float(tensor.data.min()), float(tensor.data.max()))
    return ranges.get(tensor.name)


def _state_groups(program: Program) -> list[list[str]]:
    """Tensors that read or assign the same float state."""
    table: dict[str, list[str]] = {}
    for node in program.nodes:
        if node.op.effect != "none":
            name = node.outputs[0] if node.op.effect == "read" else node.inputs[0]
            if program.tensors[name].dtype == "float32":
                table.setdefault(str(getattr(node.op, "state", "")), []).append(name)
    return list(table.values())
