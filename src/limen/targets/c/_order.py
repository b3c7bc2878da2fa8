"""The order of nodes that keeps the fewest bytes alive.

Branches may run in any order; which one decides how many tensors wait for their partner. A beam search over topological
orders keeps, among partial orders that have executed the same nodes, the one whose peak so far is lowest (the state
space of Ahn et al., "Ordering Chaos: Memory-Aware Scheduling of Irregularly Wired Neural Networks for Edge Devices",
2020, cut to a beam). Nodes with effects keep their order. Chains have one order, and cost nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from limen.program import Program

_BEAM = 64


@dataclass(frozen=True)
class _Partial:
    """Executed nodes, in order, those that may follow, and the bytes alive now and at the worst moment."""

    order: tuple[int, ...]
    ready: int
    live: int
    peak: int


@dataclass(frozen=True)
class _Graph:
    """What the search needs to know about a Program; a set of nodes is an integer with a bit for each."""

    needs: tuple[int, ...]
    followers: tuple[tuple[int, ...], ...]
    made: tuple[int, ...]
    unread: tuple[int, ...]
    reads: tuple[tuple[tuple[int, int], ...], ...]


def order_nodes(program: Program) -> Program:
    """The Program with its nodes in the order of the lowest peak found; the same object where that is the old one."""
    graph, given = _graph(program)
    count = len(program.nodes)
    start = _Partial((), sum(1 << i for i in range(count) if not graph.needs[i]), given, given)
    beam = {0: start}
    for _ in range(count):
        following: dict[int, _Partial] = {}
        for done, partial in beam.items():
            for index, live, peak in _choices(graph, partial, done):
                reached = done | 1 << index
                known = following.get(reached)
                if known is None or (peak, live) < (known.peak, known.live):
                    ready = _ready(graph, partial.ready, index, reached)
                    following[reached] = _Partial((*partial.order, index), ready, live, peak)
        best = sorted(following.items(), key=lambda entry: (entry[1].peak, entry[1].live, entry[1].order))
        beam = dict(best[:_BEAM])
    found = next(iter(beam.values()))
    if found.peak >= _peak(graph, count, start):
        return program
    return program.with_nodes(program.nodes[i] for i in found.order).check()


def _choices(graph: _Graph, partial: _Partial, done: int) -> list[tuple[int, int, int]]:
    """The nodes that may follow, each with the bytes alive after it and at the worst moment.

    Only one where that one costs nothing: it leaves no more bytes alive and raises no peak, so that whatever order
    has it later does not get worse with it here.
    """
    found = []
    for index in _members(partial.ready):
        live, peak = _memory(graph, partial, index, done | 1 << index)
        if live <= partial.live and peak == partial.peak:
            return [(index, live, peak)]
        found.append((index, live, peak))
    return found


def _members(nodes: int) -> Iterator[int]:
    """From the first to the last."""
    while nodes:
        lowest = nodes & -nodes
        yield lowest.bit_length() - 1
        nodes ^= lowest


def _ready(graph: _Graph, ready: int, index: int, done: int) -> int:
    """The nodes that may follow after ``index``."""
    found = ready & ~(1 << index)
    for follower in graph.followers[index]:
        if not graph.needs[follower] & ~done:
            found |= 1 << follower
    return found


def _peak(graph: _Graph, count: int, start: _Partial) -> int:
    """Of the order as it is."""
    partial = start
    for index in range(count):
        live, peak = _memory(graph, partial, index, (1 << index + 1) - 1)
        partial = _Partial((), 0, live, peak)
    return partial.peak


def _memory(graph: _Graph, partial: _Partial, index: int, done: int) -> tuple[int, int]:
    """The bytes alive after a node, and at the worst moment so far; ``done`` holds the node."""
    during = partial.live + graph.made[index]
    gone = graph.unread[index] + sum(size for readers, size in graph.reads[index] if not readers & ~done)
    return during - gone, max(partial.peak, during)


def _graph(program: Program) -> tuple[_Graph, int]:
    """The graph, and the bytes of its inputs."""
    size = {name: tensor.nbytes for name, tensor in program.tensors.items() if tensor.data is None}
    kept = {p.tensor for p in program.outputs}
    producer = {name: i for i, node in enumerate(program.nodes) for name in node.outputs}
    readers = dict.fromkeys(size, 0)
    needs: list[set[int]] = []
    followers: list[list[int]] = [[] for _ in program.nodes]
    effects: list[int] = []
    reads = [tuple(dict.fromkeys(n for n in node.inputs if n in size)) for node in program.nodes]
    for index, node in enumerate(program.nodes):
        for name in reads[index]:
            readers[name] |= 1 << index
        before = {producer[name] for name in reads[index] if name in producer}
        if node.op.effect != "none":
            before |= set(effects[-1:])
            effects.append(index)
        for earlier in before:
            followers[earlier].append(index)
        needs.append(before)
    graph = _Graph(
        tuple(sum(1 << i for i in before) for before in needs),
        tuple(tuple(f) for f in followers),
        tuple(sum(size[name] for name in node.outputs) for node in program.nodes),
        tuple(sum(size[n] for n in node.outputs if n not in kept and not readers[n]) for node in program.nodes),
        tuple(tuple((readers[n], size[n]) for n in names if n not in kept) for names in reads),
    )
    return graph, sum(size[p.tensor] for p in program.inputs if p.tensor in size)
