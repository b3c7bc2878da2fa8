"""The arena: what lives when, with and without streaming, and which layers had better stream."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from limen.errors import InternalError, Unsupported
from limen.program import Program, Tensor
from limen.targets.c._plan import ArenaPlan, Block, Overlap, lower_bound, plan_arena, usable_overlaps
from limen.targets.c._regions import choose_slow, least_traffic, traffic_of
from limen.targets.c._rows import Group, Packing, pack, rows_bound
from limen.targets.c._stages import Stage, collapsed, overlap_distance, row_layout
from limen.targets.c._storage import Storage, state_block
from limen.targets.c._stream import Link, Region, regions
from limen.targets.c._stream_text import ROW_UNIT, StreamText, counter_count, row_block, scratch_block

Stream = Literal["off", "auto", "push"]


_GOOD_ENOUGH = 0.98
"""No further region is tried when none can save more than the rest."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything lies, and what streams.

    Args:
        plan: offsets by block.
        stages: the kernels, of streaming layers with single rows.
        stream: the region that streams, placed; None where nothing does.
        traffic: bytes that a run reads and writes in slow memory.
        note: the same for people, with what no choice goes below.
    """

    plan: ArenaPlan
    stages: tuple[Stage, ...]
    stream: StreamText | None = None
    traffic: int = 0
    note: str = ""

    @property
    def pushed(self) -> bool:
        """Whether the caller hands in the rows of the input."""
        return self.stream is not None and self.stream.pushed

    def streaming(self, index: int) -> StreamText | None:
        """The region, for a node that belongs to it."""
        stream = self.stream
        return stream if stream is not None and stream.region.first <= index <= stream.region.last else None


MakeStages = Callable[[frozenset[int]], "tuple[Stage, ...]"]


def arrange(
    program: Program,
    storage: Storage,
    make: MakeStages,
    name: str,
    alignment: int,
    stream: Stream,
    fast: int | None = None,
) -> Layout:
    """The smallest arena that the options allow; where it is too large, two.

    Args:
        make: makes the stages, given the nodes that stream.
        name: prefix of functions.
        stream: ``off``: whole tensors only; ``auto``: stream where that makes the arena smaller; ``push``: stream from
            the first node, with the input handed in row by row.
        fast: bytes that the arena may have; a larger one is divided, and the rest goes to a second, slower memory.

    Raises:
        Unsupported: ``push`` for a model whose first layers do not stream.
    """
    stages = make(frozenset())
    plain = Layout(_plan(program, storage, stages, None, alignment), stages)
    best = plain if stream == "off" else _streaming(program, storage, make, name, alignment, plain, stream == "push")
    if fast is not None and best.plan.size > fast:
        layouts = [best] if best is plain or stream == "push" else [plain, best]
        divided = [_divided(program, storage, stages, each, alignment, fast) for each in layouts]
        best = min(divided, key=lambda found: (found.plan.size > fast, found.traffic))
    return _placed(best, make) if best.stream is not None else best


def _streaming(
    program: Program, storage: Storage, make: MakeStages, name: str, alignment: int, plain: Layout, push: bool
) -> Layout:
    """The layout whose arena is smallest, with offsets not bound yet."""
    stages = plain.stages
    single = make(frozenset(range(len(program.nodes))))
    found = [r for r in regions(program, single, storage) if not push or _drives(program, storage, r)]
    if push and not found:
        raise Unsupported(f"{program.name}: its first layers do not run row by row", "use --stream auto or off")
    table = {s.index: s for s in single}
    best: Layout | None = None if push else plain
    texts = [StreamText(r, table, f"{name}_stream", None, push, _read_after(program, storage, r)) for r in found]
    tried = [(_least(program, storage, _joined(stages, single, t.region), t), t) for t in texts]
    for least, text in sorted(tried, key=lambda pair: pair[0]):
        if best is not None and least >= best.plan.size * _GOOD_ENOUGH:
            break
        plan = _plan(program, storage, _joined(stages, single, text.region), text, alignment)
        if best is None or plan.size < best.plan.size:
            best = Layout(plan, single, text)
    assert best is not None
    return best


def _divided(
    program: Program, storage: Storage, whole: Sequence[Stage], layout: Layout, alignment: int, fast: int
) -> Layout:
    """The layout with as much in slow memory as the fast one cannot hold."""
    stream = layout.stream
    stages = _joined(whole, layout.stages, stream.region) if stream is not None else whole
    moved = traffic_of(program, storage, stages, _hidden(stream))
    blocks, overlaps = _kept(program, storage, stages, stream)
    rounded = [replace(b, size=-(-b.size // alignment) * alignment) for b in blocks]
    limit = fast // alignment * alignment
    packings: dict[frozenset[str], Packing] = {}

    def plan(slow: frozenset[str]) -> ArenaPlan:
        return _plan(program, storage, stages, stream, alignment, slow, packings)

    found = choose_slow(plan, rounded, moved, limit)
    traffic = sum(moved[name] for name in found.slow)
    note = f"{found.size} bytes in the arena, {found.slow_size} in the slow one; a run moves {traffic} bytes there"
    if stream is None:
        least = least_traffic(rounded, usable_overlaps(rounded, overlaps), moved, limit)
        note += f", no choice of whole tensors less than {math.ceil(least)}"
    return replace(layout, plan=found, traffic=traffic, note=note)


def _hidden(stream: StreamText | None) -> frozenset[str]:
    """Tensors whose rows lie apart."""
    return frozenset() if stream is None else frozenset(n for n in stream.region.lives if not stream.in_one_piece(n))


def _joined(whole: Sequence[Stage], single: Sequence[Stage], region: Region) -> list[Stage]:
    """The stages as they will run: with single rows in the region only. They differ in scratch and in overlaps."""
    return [s if region.first <= s.index <= region.last else w for w, s in zip(whole, single, strict=True)]


def _least(program: Program, storage: Storage, stages: Sequence[Stage], text: StreamText) -> int:
    """Bytes that no plan with this region goes below: the region's own, and the largest sum alive outside it."""
    region = text.region
    inside = range(region.first, region.last + 1)
    blocks = [b for b in _blocks(program, storage, stages) if not _scratch_of(b, inside)]
    outside = [s for s in stages if s.index not in inside]
    before = [b for b in blocks if b.first > region.last]
    rest = lower_bound(before, usable_overlaps(before, _overlaps(outside, storage)))
    return max(rest, rows_bound(_groups(text)) + sum(b.size for b in _region_blocks(text)))


def _read_after(program: Program, storage: Storage, region: Region) -> bool:
    """Whether somebody needs the source when the region has run."""
    later = {storage.root(name) for node in program.nodes[region.last + 1 :] for name in node.inputs if name}
    return region.source in later or region.source in {storage.root(p.tensor) for p in program.outputs}


def _placed(layout: Layout, make: MakeStages) -> Layout:
    """The layout with its region's offsets bound; nodes outside get their whole-tensor kernels back."""
    stream = layout.stream
    assert stream is not None
    stages = make(frozenset(range(stream.region.first, stream.region.last + 1)))
    placed = replace(stream, stages={s.index: s for s in stages}, plan=layout.plan)
    return replace(layout, stages=stages, stream=placed)


def _drives(program: Program, storage: Storage, region: Region) -> bool:
    """Whether the only input's rows drive the region, and nothing else reads the input."""
    if len(program.inputs) != 1 or storage.root(region.source) != program.inputs[0].tensor:
        return False
    outside = [n for i, n in enumerate(program.nodes) if not region.first <= i <= region.last]
    read = {storage.root(name) for node in outside for name in node.inputs if name}
    return region.source not in read and region.source not in {p.tensor for p in program.outputs}


def _plan(
    program: Program,
    storage: Storage,
    stages: Sequence[Stage],
    stream: StreamText | None,
    alignment: int,
    slow: frozenset[str] = frozenset(),
    packings: dict[frozenset[str], Packing] | None = None,
) -> ArenaPlan:
    """Everything placed; the blocks that are named, in slow memory.

    Args:
        packings: of the region's rows that are known already, by what of it is slow; new ones are added.
    """
    blocks, overlaps = _kept(program, storage, stages, stream)
    there = plan_arena([b for b in blocks if b.name in slow], overlaps, alignment)
    near = [b for b in blocks if b.name not in slow]
    if stream is None:
        return _both(plan_arena(near, overlaps, alignment), there, slow)
    packings = {} if packings is None else packings
    pieces = frozenset(slow & stream.region.lives.keys())
    if pieces not in packings:
        packings[pieces] = pack([g for g in _groups(stream) if g.name not in pieces], max(alignment, ROW_UNIT))
    packing = packings[pieces]
    near.append(Block(f"{stream.name}:rows", packing.size, stream.region.first, stream.region.first))
    fixed = {name: packing.offsets[name] for name in stream.region.lives if name in packing.offsets}
    plan = plan_arena(near, overlaps, alignment, fixed | {f"{stream.name}:rows": 0})
    return _both(replace(plan, offsets={**packing.offsets, **plan.offsets}), there, slow)


def _both(fast: ArenaPlan, there: ArenaPlan, slow: frozenset[str]) -> ArenaPlan:
    return replace(fast, offsets={**fast.offsets, **there.offsets}, slow=slow, slow_size=there.size)


def _kept(
    program: Program, storage: Storage, stages: Sequence[Stage], stream: StreamText | None
) -> tuple[list[Block], list[Overlap]]:
    """What is placed beside the rows of a region, and where it may share bytes."""
    blocks = _blocks(program, storage, stages)
    if stream is None:
        return blocks, _overlaps(stages, storage)
    region = stream.region
    inside, hidden = range(region.first, region.last + 1), _hidden(stream)
    outside = [s for s in stages if s.index not in inside]
    kept = [_folded(b, region) for b in blocks if b.name not in hidden and not _scratch_of(b, inside)]
    return [*kept, *_region_blocks(stream)], _overlaps(outside, storage)


def _scratch_of(block: Block, inside: range) -> bool:
    return block.name.startswith("scratch:") and int(block.name[8:]) in inside


def _folded(block: Block, region: Region) -> Block:
    """A region counts as one moment: its first node."""

    def moment(time: int) -> int:
        return region.first if region.first <= time <= region.last else time

    return Block(block.name, block.size, moment(block.first), moment(block.last))


def _groups(text: StreamText) -> list[Group]:
    """The rows of a region: those of a whole tensor together, each other row alone.

    A whole tensor's rows live to the end, except those of the source where nobody reads it after the region.
    """
    region = text.region
    end = max(died for lives in region.lives.values() for _, died in lives)
    groups = []
    for name, lives in region.lives.items():
        size = row_layout(_tensor(text, name)).nbytes
        if not text.in_one_piece(name):
            groups += [
                Group(row_block(name, row), np.array([[0, size, *life]]), _beside(text, name, row, life[0]))
                for row, life in enumerate(lives)
            ]
        elif name == region.source:
            last = [end if text.kept_source else died for _, died in lives]
            groups.append(Group(name, np.array([[r * size, size, -1, died] for r, died in enumerate(last)])))
        else:
            groups.append(Group(name, np.array([[r * size, size, born, end] for r, (born, _) in enumerate(lives)])))
    return groups + [
        g for link, times in zip(region.links, region.times, strict=True) for g in _scratch(text, link, times)
    ]


def _scratch(text: StreamText, link: Link, times: tuple[int, ...]) -> list[Group]:
    """A layer's scratch memory: at the steps where it works, or, if it lasts, from the first of them to the end."""
    kernel = text.stages[link.stage].kernel
    assert kernel is not None
    size = kernel.fold.scratch if link.fold and kernel.fold is not None else kernel.scratch
    if not size:
        return []
    if link.fold:
        parts = [[0, size, times[0], text.region.times[-1][-1]]]
    elif kernel.prepare:
        parts = [[0, size, -1, times[-1]]]
    else:
        parts = [[0, size, time, time] for time in times]
    return [Group(scratch_block(text.name, link), np.array(parts))]


def _tensor(text: StreamText, name: str) -> Tensor:
    """A tensor of the region by its block's name."""
    for link in text.region.links:
        site = text.stages[link.stage].site
        if link.result == name:
            return site.operands.outputs[0]
        for feed in link.feeds:
            if feed.tensor == name:
                return site.input(feed.argument)
    raise InternalError(f"{name}: no layer of {text.name} reads or writes it")


def _beside(text: StreamText, name: str, row: int, born: int) -> str:
    """The row that an elementwise layer may overwrite with its result, as it is read for the last time."""
    link = next((link for link in text.region.links if link.result == name), None)
    kernel = text.stages[link.stage].kernel if link is not None else None
    if link is None or kernel is None or not kernel.elementwise:
        return ""
    for feed in link.feeds:
        lives = text.region.lives.get(feed.tensor)
        same = _tensor(text, feed.tensor).nbytes == _tensor(text, name).nbytes
        if same and lives is not None and not text.in_one_piece(feed.tensor) and lives[row][1] == born:
            return row_block(feed.tensor, row)
    return ""


def _region_blocks(text: StreamText) -> list[Block]:
    """The counters of a region."""
    time = text.region.first
    return [Block(text.counters, 4 * counter_count(text.region), time, time)]


def _blocks(program: Program, storage: Storage, stages: Sequence[Stage]) -> list[Block]:
    """Lifetimes of tensors, states and scratch; states live always, outputs until after the last node."""
    end = len(program.nodes)
    first: dict[str, int] = {state_block(s.name): -1 for s in program.states}
    last: dict[str, int] = {state_block(s.name): end + 1 for s in program.states}
    sizes: dict[str, int] = {state_block(s.name): s.initial.nbytes for s in program.states}

    fixed = {p.tensor for p in program.outputs if program.tensors[p.tensor].data is not None}

    def touch(name: str, index: int) -> None:
        tensor = program.tensors[name]
        if tensor.data is not None and name not in fixed:
            return
        root = storage.root(name)
        first.setdefault(root, index)
        last[root] = max(last.get(root, index), index)
        sizes.setdefault(root, tensor.nbytes)

    for port in program.inputs:
        touch(port.tensor, -1)
    for index, node in enumerate(program.nodes):
        for name in (*node.outputs, *filter(None, node.inputs)):
            touch(name, index)
    for port in program.outputs:
        if port.tensor in fixed:
            touch(port.tensor, -1)
        touch(port.tensor, end)
    scratch = [Block(f"scratch:{s.index}", s.scratch, s.index, s.index) for s in stages if s.scratch]
    return [*(Block(n, sizes[n], first[n], last[n]) for n in first), *scratch]


def _overlaps(stages: Iterable[Stage], storage: Storage) -> list[Overlap]:
    """Where a kernel may write over the operand that dies in it.

    No overlap where a node reads the same block twice: the other reading could still need it.
    """
    found = []
    for stage in stages:
        kernel, site = stage.kernel, stage.site
        if kernel is None:
            continue
        roots = [storage.root(site.input(i).name) for i in site.live]
        result = storage.root(site.operands.outputs[0].name)
        for position, root in enumerate(roots):
            same = site.input(site.live[position]).nbytes == site.operands.outputs[0].nbytes
            if kernel.reaches is None:
                if site.live[position] in kernel.aliases and same:
                    found.append(Overlap(root, result, None))
            elif kernel.elementwise and same:
                found.append(Overlap(root, result, None))
            elif not collapsed(stage) and kernel.passes is None and roots.count(root) == 1:
                found.append(Overlap(root, result, overlap_distance(stage, position)))
    return found
