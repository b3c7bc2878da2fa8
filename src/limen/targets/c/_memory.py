"""The arena: what lives when, with and without streaming, and which layers had better stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from limen.errors import InternalError, Unsupported
from limen.program import Program
from limen.targets.c._plan import ArenaPlan, Block, Overlap, plan_arena
from limen.targets.c._stages import Stage, collapsed, overlap_distance, row_layout
from limen.targets.c._storage import Storage, state_block
from limen.targets.c._stream import Region, regions
from limen.targets.c._stream_text import StreamText, counter_count, pad_block, pads, scratch_block

Stream = Literal["off", "auto", "push"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything lies, and what streams.

    Args:
        plan: offsets by block.
        stages: the kernels, of streaming layers with single rows.
        streams: the streaming regions in order, with their placed names.
        pushed: the caller hands the first region its rows.
    """

    plan: ArenaPlan
    stages: tuple[Stage, ...]
    streams: tuple[StreamText, ...] = ()
    pushed: bool = False

    def streaming(self, index: int) -> StreamText | None:
        """The region that a node belongs to."""
        return next((s for s in self.streams if s.region.first <= index <= s.region.last), None)


MakeStages = Callable[[frozenset[int]], "tuple[Stage, ...]"]


def arrange(program: Program, storage: Storage, make: MakeStages, name: str, alignment: int, stream: Stream) -> Layout:
    """The smallest arena that the options allow.

    Args:
        make: makes the stages, given the nodes that stream.
        name: prefix of functions.
        stream: ``off``: whole tensors only; ``auto``: stream where that makes the arena smaller; ``push``: stream from
            the first node, with the input handed in row by row.

    Raises:
        Unsupported: ``push`` for a model whose first layers do not stream.
    """
    stages = make(frozenset())
    plain = Layout(_plan(program, storage, stages, (), alignment), stages)
    if stream == "off":
        return plain
    single = make(frozenset(range(len(program.nodes))))
    found = [r for r in regions(program, single, storage) if stream != "push" or _drives(program, storage, r)]
    if stream == "push" and not found:
        raise Unsupported(f"{program.name}: its first layers do not run row by row", "use --stream auto or off")
    best: Layout | None = None if stream == "push" else plain
    table = {s.index: s for s in single}
    for region in found:
        texts = (StreamText(region, table, f"{name}_stream", _unplaced, stream == "push"),)
        plan = _plan(program, storage, single, texts, alignment)
        if best is None or plan.size < best.plan.size:
            best = Layout(plan, single, texts, stream == "push")
    assert best is not None
    return _placed(best, make) if best.streams else best


def _placed(layout: Layout, make: MakeStages) -> Layout:
    """The layout with its regions' offsets bound; nodes outside get their whole-tensor kernels back."""
    inside = {i for s in layout.streams for i in range(s.region.first, s.region.last + 1)}
    stages = make(frozenset(inside))
    table = {s.index: s for s in stages}
    at = layout.plan.offsets.__getitem__
    streams = tuple(StreamText(s.region, table, s.name, at, s.pushed) for s in layout.streams)
    return Layout(layout.plan, stages, streams, layout.pushed)


def _unplaced(block: str) -> int:
    raise InternalError(f"{block}: its offset is asked for before the arena is planned")


def _drives(program: Program, storage: Storage, region: Region) -> bool:
    """Whether the only input's rows drive the region, and nothing else reads the input."""
    if len(program.inputs) != 1 or storage.root(region.source) != program.inputs[0].tensor:
        return False
    outside = [n for i, n in enumerate(program.nodes) if not region.first <= i <= region.last]
    read = {storage.root(name) for node in outside for name in node.inputs if name}
    return region.source not in read and region.source not in {p.tensor for p in program.outputs}


def _plan(
    program: Program, storage: Storage, stages: Sequence[Stage], streams: Sequence[StreamText], alignment: int
) -> ArenaPlan:
    inside = {i for s in streams for i in range(s.region.first, s.region.last + 1)}
    rings = {name for s in streams for name in s.region.rings if name not in s.region.whole}
    hidden = {n for s in streams for n in rings if n != s.region.source or s.pushed}
    blocks = [_folded(b, streams) for b in _blocks(program, storage, stages) if b.name not in hidden]
    blocks = [b for b in blocks if not (b.name.startswith("scratch:") and int(b.name[8:]) in inside)]
    blocks += [block for s in streams for block in _region_blocks(s)]
    overlaps = _overlaps([s for s in stages if s.index not in inside], storage)
    return plan_arena(blocks, overlaps, alignment)


def _folded(block: Block, streams: Sequence[StreamText]) -> Block:
    """A region counts as one moment: its first node."""

    def moment(time: int) -> int:
        return next((s.region.first for s in streams if s.region.first <= time <= s.region.last), time)

    return Block(block.name, block.size, moment(block.first), moment(block.last))


def _region_blocks(text: StreamText) -> list[Block]:
    """Rings, counters, padding rows and scratch of a region."""
    region, time = text.region, text.region.first
    sizes = {text.counters: 4 * counter_count(region)}
    for link in region.links:
        stage = text.stages[link.stage]
        output = stage.site.operands.outputs[0]
        kernel = stage.kernel
        assert kernel is not None
        if link.fold:
            assert kernel.fold is not None
            sizes[scratch_block(text.name, link)] = kernel.fold.scratch
        elif kernel.scratch:
            shared = scratch_block(text.name, link) if kernel.prepare else f"{text.name}:scratch"
            sizes[shared] = max(sizes.get(shared, 0), kernel.scratch)
        if link.result not in region.whole:
            sizes[link.result] = region.rings[link.result] * row_layout(output).nbytes
    for _, feed, nbytes in pads(text):
        sizes[pad_block(text.name, feed.reach, nbytes)] = nbytes
    if text.pushed:
        stage = text.stages[region.links[0].stage]
        source = stage.site.input(region.links[0].feeds[0].argument)
        sizes[region.source] = region.rings[region.source] * row_layout(source).nbytes
    return [Block(name, size, time, time) for name, size in sizes.items()]


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
            elif not collapsed(stage) and roots.count(root) == 1:
                found.append(Overlap(root, result, overlap_distance(stage, position)))
    return found
