"""How much RAM the computed tensors of a Program need when their lifetimes are packed into one block.

A tensor lives from the node that writes it to the last node that reads it; an input from before the first node, an
output until after the last. ``greedy_by_size`` places the largest first, each at the lowest offset where it overlaps no
tensor that lives at the same time (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
2020, the algorithm of TFLite Micro's planner). No plan can be smaller than ``lower_bound``, the largest sum of sizes
that live at one time; where both agree the plan is proved optimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limen.program import Program

ALIGNMENT = 16


@dataclass(frozen=True)
class Lifetime:
    """When a tensor's bytes are in use.

    Args:
        name: the tensor.
        size: bytes, rounded up to the alignment.
        first, last: index of the first and the last node during which it is in use.
    """

    name: str
    size: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Plan:
    """Offsets in one block.

    Args:
        offsets: tensor -> first byte.
        size: bytes of the block.
        bound: bytes that no plan can go below.
    """

    offsets: dict[str, int]
    size: int
    bound: int


def lifetimes(program: Program, alignment: int = ALIGNMENT) -> tuple[Lifetime, ...]:
    """Of every computed tensor and input, in the Program's order."""
    end = len(program.nodes)
    first = {port.tensor: -1 for port in program.inputs}
    last = dict(first)
    for index, node in enumerate(program.nodes):
        for name in node.outputs:
            first[name] = last[name] = index
        for name in node.inputs:
            if name in first:
                last[name] = index
    for port in program.outputs:
        if port.tensor in first:
            last[port.tensor] = end
    return tuple(
        Lifetime(name, -(-program.tensors[name].nbytes // alignment) * alignment, first[name], last[name])
        for name in first
    )


def lower_bound(lives: Sequence[Lifetime]) -> int:
    """The largest sum of sizes in use during one node."""
    change: dict[int, int] = {}
    for life in lives:
        change[life.first] = change.get(life.first, 0) + life.size
        change[life.last + 1] = change.get(life.last + 1, 0) - life.size
    peak = live = 0
    for time in sorted(change):
        live += change[time]
        peak = max(peak, live)
    return peak


def greedy_by_size(lives: Sequence[Lifetime]) -> Plan:
    """Place the largest tensors first; ties go to the earlier one."""
    placed: list[tuple[int, Lifetime]] = []
    for life in sorted(lives, key=lambda each: (-each.size, each.first)):
        offset = 0
        for start, other in sorted(((s, o) for s, o in placed if o.overlaps(life)), key=lambda pair: pair[0]):
            if start - offset >= life.size:
                break
            offset = max(offset, start + other.size)
        placed.append((offset, life))
    offsets = {life.name: offset for offset, life in placed}
    return Plan(offsets, max((o + life.size for o, life in placed), default=0), lower_bound(lives))


def plan(program: Program) -> Plan:
    """The greedy plan of a Program's arena; states and constants are not in it."""
    return greedy_by_size(lifetimes(program))


def state_bytes(program: Program) -> int:
    """Bytes of the states, which live outside the arena."""
    return sum(-(-state.initial.nbytes // ALIGNMENT) * ALIGNMENT for state in program.states)
