"""The order of nodes that keeps the fewest bytes alive.

Branches may run in any order; which one decides how many tensors wait for their partner. A beam search over topological
orders keeps, among partial orders that have executed the same nodes, the one whose peak so far is lowest (the state
space of Ahn et al., "Ordering Chaos: Memory-Aware Scheduling of Irregularly Wired Neural Networks for Edge Devices",
2020, cut to a beam). Nodes with effects keep their order. Chains have one order, and cost nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limen.program import Program

_BEAM = 64


@dataclass(frozen=True)
class _Partial:
    """Executed nodes, in order, with the bytes alive now and at the worst moment."""

    order: tuple[int, ...]
    live: int
    peak: int


@dataclass(frozen=True)
class _Graph:
    """What the search needs to know about a Program."""

    needs: tuple[frozenset[int], ...]
    makes: tuple[tuple[str, ...], ...]
    reads: tuple[tuple[str, ...], ...]
    size: Mapping[str, int]
    readers: Mapping[str, frozenset[int]]
    kept: frozenset[str]


def order_nodes(program: Program) -> Program:
    """The Program with its nodes in the order of the lowest peak found; the same object where that is the old one."""
    graph = _graph(program)
    count = len(program.nodes)
    start = sum(graph.size[p.tensor] for p in program.inputs if p.tensor in graph.size)
    beam = {frozenset[int](): _Partial((), start, start)}
    for _ in range(count):
        following: dict[frozenset[int], _Partial] = {}
        for done, partial in beam.items():
            for index in range(count):
                if index not in done and graph.needs[index] <= done:
                    reached = done | {index}
                    candidate = _execute(graph, partial, index, reached)
                    known = following.get(reached)
                    if known is None or (candidate.peak, candidate.live) < (known.peak, known.live):
                        following[reached] = candidate
        best = sorted(following.items(), key=lambda entry: (entry[1].peak, entry[1].live, entry[1].order))
        beam = dict(best[:_BEAM])
    found = next(iter(beam.values()))
    if found.peak >= _peak(graph, count, start):
        return program
    return program.with_nodes(program.nodes[i] for i in found.order).check()


def _peak(graph: _Graph, count: int, start: int) -> int:
    """Of the order as it is."""
    partial = _Partial((), start, start)
    for index in range(count):
        partial = _execute(graph, partial, index, frozenset(range(index + 1)))
    return partial.peak


def _execute(graph: _Graph, partial: _Partial, index: int, done: frozenset[int]) -> _Partial:
    during = partial.live + sum(graph.size[name] for name in graph.makes[index])
    gone = {n for n in graph.reads[index] if n not in graph.kept and graph.readers[n] <= done}
    gone |= {n for n in graph.makes[index] if n not in graph.kept and not graph.readers[n]}
    after = during - sum(graph.size[name] for name in gone)
    return _Partial((*partial.order, index), after, max(partial.peak, during))


def _graph(program: Program) -> _Graph:
    size = {name: tensor.nbytes for name, tensor in program.tensors.items() if tensor.data is None}
    producer = {name: i for i, node in enumerate(program.nodes) for name in node.outputs}
    readers: dict[str, set[int]] = {name: set() for name in size}
    needs: list[set[int]] = []
    effects: list[int] = []
    for index, node in enumerate(program.nodes):
        inputs = [name for name in node.inputs if name in size]
        for name in inputs:
            readers[name].add(index)
        before = {producer[name] for name in inputs if name in producer}
        if node.op.effect != "none":
            before |= set(effects[-1:])
            effects.append(index)
        needs.append(before)
    return _Graph(
        tuple(frozenset(n) for n in needs),
        tuple(tuple(node.outputs) for node in program.nodes),
        tuple(tuple(dict.fromkeys(n for n in node.inputs if n in size)) for node in program.nodes),
        size,
        {name: frozenset(r) for name, r in readers.items()},
        frozenset(p.tensor for p in program.outputs),
    )
