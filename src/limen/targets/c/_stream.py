"""Which layers run row by row, and how many rows of each tensor must be kept.

A run of consecutive nodes with row kernels can work without whole tensors between them: whenever a row of the driving
tensor arrives, every layer makes the rows that have become possible, the last layer first, and each tensor is a ring of
the rows that some reader still needs. Nothing is computed twice. The order of work is fixed by that rule, so the ring
sizes are found by running it here (row streaming: Alwani et al., "Fused-Layer CNN Accelerators", 2016, with line
buffers instead of recomputation).
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

    def first(self, y: int) -> int:
        """The lowest row that output row y reads."""
        return max(0, y * self.reach.stride - self.reach.before)

    def end(self, y: int) -> int:
        """One past the highest row that output row y reads, inside the tensor."""
        last = y * self.reach.stride - self.reach.before + (self.reach.taps - 1) * self.reach.dilation
        return min(max(last, 0), self.rows - 1) + 1


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
        rings: tensor -> rows kept; as many as it has where it must be whole.
        whole: tensors that somebody after the region reads.
    """

    first: int
    last: int
    source: str
    rows: int
    links: tuple[Link, ...]
    rings: Mapping[str, int]
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
    """The region with its rings; None where the source does not drive it, as for a node that reads nothing streamed."""
    last = links[-1].stage
    inside = {link.result for link in links}
    after = {storage.root(name) for node in program.nodes[last + 1 :] for name in node.inputs if name}
    after |= {storage.root(port.tensor) for port in program.outputs}
    whole = frozenset((inside & after) | {links[-1].result})
    rings = _simulate(links, source.tensor, source.rows)
    if rings is None:
        return None
    rows = {source.tensor: source.rows, **{link.result: link.steps for link in links}}
    sizes = {name: rows[name] if name in whole else min(kept, rows[name]) for name, kept in rings.items()}
    return Region(links[0].stage, last, source.tensor, source.rows, links, sizes, whole)


def _simulate(links: tuple[Link, ...], source: str, rows: int) -> dict[str, int] | None:
    """Rows to keep of every tensor the region makes, and of the source under the source's name."""
    made = {source: 0, **{link.result: 0 for link in links}}
    steps = [0] * len(links)
    readers: dict[str, list[tuple[int, Feed]]] = {}
    for position, link in enumerate(links):
        for feed in link.feeds:
            readers.setdefault(feed.tensor, []).append((position, feed))
    kept = dict.fromkeys(made, 1)

    def note(tensor: str) -> None:
        """Called when a row of the tensor has been made: how many are held now."""
        waiting = [feed.first(steps[p]) for p, feed in readers.get(tensor, []) if steps[p] < links[p].steps]
        kept[tensor] = max(kept[tensor], made[tensor] - min(waiting, default=made[tensor] - 1))

    for row in range(rows):
        made[source] = row + 1
        note(source)
        while (ready := _ready(links, steps, made)) is not None:
            link = links[ready]
            if not link.fold:
                made[link.result] += 1
                note(link.result)
            steps[ready] += 1
    return kept if all(s == link.steps for s, link in zip(steps, links, strict=True)) else None


def _ready(links: tuple[Link, ...], steps: list[int], made: dict[str, int]) -> int | None:
    """The last layer that can make a row; tensors from outside the region are whole from the start."""
    for index in reversed(range(len(links))):
        y = steps[index]
        if y < links[index].steps and all(
            feed.tensor not in made or feed.end(y) <= made[feed.tensor] for feed in links[index].feeds
        ):
            return index
    return None
