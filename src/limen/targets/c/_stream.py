"""Which layers run row by row, and when every row is born and dies.

A run of consecutive nodes with row kernels can work without whole tensors between them: whenever a row of the driving
tensor arrives, every layer makes the rows that have become possible, the last layer first, and a row is dropped when
its last reader has run. Nothing is computed twice. The order of work is fixed by that rule, so the lives of all rows
are found by running it here (row streaming: Alwani et al., "Fused-Layer CNN Accelerators", 2016, with line buffers
instead of recomputation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limen.program import Program
from limen.targets.c._kernel import Reach
from limen.targets.c._stages import Stage, row_layout
from limen.targets.c._storage import Storage


@dataclass(frozen=True)
class Feed:
    """One input of a streaming layer.

    Args:
        argument: index of the node's input.
        tensor: whose rows it reads.
        reach: which rows.
        rows: how many the tensor has.
    """

    argument: int
    tensor: str
    reach: Reach
    rows: int

    def touched(self, y: int) -> list[int]:
        """The rows that output row y reads, inside the tensor."""
        first = y * self.reach.stride - self.reach.before
        rows = range(first, first + self.reach.taps * self.reach.dilation, self.reach.dilation)
        return [row for row in rows if 0 <= row < self.rows]

    def end(self, y: int) -> int:
        """One past the highest row that output row y reads, at most the tensor's; 0 or less where all is padding."""
        last = y * self.reach.stride - self.reach.before + (self.reach.taps - 1) * self.reach.dilation
        return min(last + 1, self.rows)


@dataclass(frozen=True)
class Link:
    """One streaming layer.

    Args:
        stage: index of its node.
        feeds: its inputs.
        result: the tensor it writes.
        steps: rows it makes, or, if it folds, rows it takes in.
        fold: it reduces rows and writes its result whole at the end.
    """

    stage: int
    feeds: tuple[Feed, ...]
    result: str
    steps: int
    fold: bool


@dataclass(frozen=True)
class Region:
    """Consecutive nodes that stream.

    Args:
        first, last: node indices.
        source: the driving tensor.
        rows: of the driving tensor.
        links: the layers in order.
        lives: tensor -> first and last step of each of its rows, of the source and of what the layers make.
        times: per layer, the steps at which it works.
        whole: tensors that somebody after the region reads.
    """

    first: int
    last: int
    source: str
    rows: int
    links: tuple[Link, ...]
    lives: Mapping[str, tuple[tuple[int, int], ...]]
    times: tuple[tuple[int, ...], ...]
    whole: frozenset[str]


def regions(program: Program, stages: Sequence[Stage], storage: Storage) -> list[Region]:
    """Every way to stream from the start of a run of streamable nodes to one of its ends, shortest first."""
    found = []
    start = 0
    while start < len(stages):
        stop = start
        links: list[Link] = []
        while stop < len(stages) and (link := _link(stages[stop], storage)) is not None:
            links.append(link)
            stop += 1
            if link.fold:
                break
        source = links[0].feeds[0] if links else None
        if source is not None:
            ends = range(1, len(links) + 1)
            made = [_region(program, tuple(links[:n]), source, storage) for n in ends if n > 1]
            found += [region for region in made if region is not None]
        start = max(stop, start + 1)
    return found


def _link(stage: Stage, storage: Storage) -> Link | None:
    """The node as a streaming layer, or None where it cannot be one."""
    kernel, site = stage.kernel, stage.site
    if kernel is None or len(site.operands.outputs) != 1 or site.node.op.effect != "none":
        return None
    tensors = [site.input(i) for i in site.live]
    result = storage.root(site.operands.outputs[0].name)
    if kernel.fold is not None:
        layout = row_layout(tensors[0])
        feed = Feed(site.live[0], storage.root(tensors[0].name), Reach(), layout.count)
        return Link(stage.index, (feed,), result, layout.count, True) if _streams(tensors[0].shape) else None
    if kernel.reaches is None or not all(_streams(t.shape) for t in (*tensors, site.operands.outputs[0])):
        return None
    feeds = tuple(
        Feed(i, storage.root(t.name), reach, t.shape[1])
        for i, t, reach in zip(site.live, tensors, kernel.reaches, strict=True)
    )
    return Link(stage.index, feeds, result, site.operands.outputs[0].shape[1], False)


def _streams(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[0] == 1


def _region(program: Program, links: tuple[Link, ...], source: Feed, storage: Storage) -> Region | None:
    """The region; None where the source does not drive it, as for a node that reads nothing streamed."""
    last = links[-1].stage
    inside = {link.result for link in links}
    after = {storage.root(name) for node in program.nodes[last + 1 :] for name in node.inputs if name}
    after |= {storage.root(port.tensor) for port in program.outputs}
    whole = frozenset((inside & after) | {links[-1].result})
    work = _simulate(links, source.tensor, source.rows)
    if work is None:
        return None
    return Region(links[0].stage, last, source.tensor, source.rows, links, *work, whole)


@dataclass
class _Rows:
    """Steps at which the rows of one tensor are born and were last read."""

    born: list[int]
    read: list[int]

    def make(self, step: int) -> None:
        self.born.append(step)
        self.read.append(step)


Lives = dict[str, tuple[tuple[int, int], ...]]


def _simulate(links: tuple[Link, ...], source: str, rows: int) -> tuple[Lives, tuple[tuple[int, ...], ...]] | None:
    """Lives of all rows and steps of all layers, if all come to their ends; the arrival of a row is a step too."""
    table = {source: _Rows([], []), **{link.result: _Rows([], []) for link in links if not link.fold}}
    steps = [0] * len(links)
    times: list[list[int]] = [[] for _ in links]
    clock = 0
    for _ in range(rows):
        table[source].make(clock)
        clock += 1
        while (ready := _ready(links, steps, table)) is not None:
            link = links[ready]
            for feed in link.feeds:
                if feed.tensor in table:
                    for row in feed.touched(steps[ready]):
                        table[feed.tensor].read[row] = clock
            if not link.fold:
                table[link.result].make(clock)
            steps[ready] += 1
            times[ready].append(clock)
            clock += 1
    if any(s != link.steps for s, link in zip(steps, links, strict=True)):
        return None
    lives = {name: tuple(zip(r.born, r.read, strict=True)) for name, r in table.items()}
    return lives, tuple(map(tuple, times))


def _ready(links: tuple[Link, ...], steps: list[int], table: Mapping[str, _Rows]) -> int | None:
    """The last layer that can make a row; tensors from outside the region are whole from the start."""
    for index in reversed(range(len(links))):
        y = steps[index]
        if y < links[index].steps and all(
            feed.tensor not in table or feed.end(y) <= len(table[feed.tensor].born) for feed in links[index].feeds
        ):
            return index
    return None
