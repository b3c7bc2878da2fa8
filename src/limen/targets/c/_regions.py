"""Which blocks go to a second, slower memory where the first is too small: those that move the fewest bytes there.

A block's traffic is the bytes of rows that kernels read and write in one run; what a kernel reads again within a row is
not counted, as that is what a cache in front of the slow memory keeps. Blocks leave the fast memory one by one, from
where the plan is highest, the cheapest first for the bytes that are still missing; then blocks come back, or change
places with cheaper ones, as long as the rest still fits. Same input, same choice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from limen.program import Program
from limen.targets.c._plan import ArenaPlan, Block, Overlap, savings
from limen.targets.c._stages import COPY, NONE, Stage
from limen.targets.c._storage import Storage, state_block

_TRIES = 60

Plan = Callable[[frozenset[str]], ArenaPlan]


def choose_slow(plan: Plan, blocks: Sequence[Block], traffic: Mapping[str, int], limit: int) -> ArenaPlan:
    """The plan whose fast arena keeps a limit with the least traffic in the slow one.

    Args:
        plan: places everything, given the blocks that are slow.
        blocks: all blocks, with their lives.
        traffic: bytes a run of the blocks that may be slow.
        limit: bytes of the fast arena.

    Returns:
        A plan above the limit where even all of them in slow memory do not keep it.
    """
    alone = plan(frozenset(b.name for b in blocks if b.name in traffic and b.size > 0))
    if alone.size > limit:
        return alone
    few = plan(frozenset())
    while few.size > limit:
        few = plan(few.slow | {_leaving(few, blocks, traffic, limit)})
    found = [_improved(plan, start, blocks, traffic, limit) for start in (few, alone)]
    return min(found, key=lambda each: sum(traffic[name] for name in each.slow))


def least_traffic(
    blocks: Sequence[Block], overlaps: Iterable[Overlap], traffic: Mapping[str, int], limit: int
) -> float:
    """Bytes a run that no choice goes below.

    Blocks larger than the limit must leave. Of the others, the cheapest bytes of those that live at one moment must,
    as many as are too much there; that adds up over moments that no block spans.
    """
    free = [b for b in blocks if b.name in traffic and 0 < b.size <= limit]
    large = [b for b in blocks if b.name in traffic and b.size > limit]
    near = [b for b in blocks if b not in large]
    names = {b.name for b in near}
    saved = savings(near, [o for o in overlaps if {o.source, o.result} <= names])
    best: dict[int, float] = {}
    for time in sorted({b.first for b in near}):
        missing = sum(b.size for b in near if b.first <= time <= b.last) - saved.get(time, 0) - limit
        alive = [b for b in free if b.first <= time <= b.last]
        cost = 0.0
        for block in sorted(alive, key=lambda b: traffic[b.name] / b.size):
            part = min(block.size, max(missing, 0))
            cost += traffic[block.name] * part / block.size
            missing -= part
        began = min((b.first for b in alive), default=time)
        best[time] = cost + max((sum_ for earlier, sum_ in best.items() if _ended(free, earlier, began)), default=0.0)
    return sum(traffic[b.name] for b in large) + max(best.values(), default=0.0)


def _ended(blocks: Iterable[Block], earlier: int, began: int) -> bool:
    """Whether every block that lives at a moment has ended before another."""
    return earlier < began and all(b.last < began for b in blocks if b.first <= earlier <= b.last)


def _leaving(plan: ArenaPlan, blocks: Sequence[Block], traffic: Mapping[str, int], limit: int) -> str:
    """The block that costs least for the bytes that are missing where the plan is highest."""
    fast = [b for b in blocks if b.name not in plan.slow]
    peaks = [b for b in fast if plan.offsets[b.name] + b.size == plan.size]
    free = [b for b in fast if b.name in traffic and b.size > 0]
    able = [b for b in free if any(b.lives_with(p) for p in peaks)] or free
    missing = plan.size - limit
    return min(able, key=lambda b: traffic[b.name] / min(b.size, missing)).name


def _improved(
    plan: Plan, best: ArenaPlan, blocks: Sequence[Block], traffic: Mapping[str, int], limit: int
) -> ArenaPlan:
    """Blocks come back, or change places with cheaper ones."""
    lives = {b.name: b for b in blocks}
    tries = _TRIES
    for name in sorted(best.slow, key=lambda n: (-traffic[n] / lives[n].size, n)):
        cheaper = [
            n
            for n in sorted(traffic, key=lambda n: (traffic[n], n))
            if n not in best.slow and traffic[n] < traffic[name] and lives[n].lives_with(lives[name])
        ]
        for other in ({name}, *({name, n} for n in cheaper)):
            if tries == 0:
                return best
            tries -= 1
            found = plan(best.slow ^ other)
            if found.size <= limit:
                best = found
                break
    return best


def traffic_of(program: Program, storage: Storage, stages: Iterable[Stage], hidden: Collection[str]) -> dict[str, int]:
    """Bytes a run that the caller and the kernels read and write, of each block that may be slow: tensors and states.

    Args:
        hidden: tensors that have no block of their own, as their rows lie apart.
    """
    moved: Counter[str] = Counter({state_block(s.name): 0 for s in program.states})
    fixed = {p.tensor for p in program.outputs}
    for name, nbytes in _moves(program, stages):
        if name.startswith("state:"):
            moved[name] += nbytes
        elif program.tensors[name].data is None or name in fixed:
            moved[storage.root(name)] += nbytes
    return {name: nbytes for name, nbytes in moved.items() if name not in hidden}


def _moves(program: Program, stages: Iterable[Stage]) -> Iterator[tuple[str, int]]:
    """(tensor or state, bytes) of everything that is read or written."""
    for port in (*program.inputs, *program.outputs):
        yield port.tensor, program.tensors[port.tensor].nbytes
    for stage in stages:
        if stage.origin == NONE:
            continue
        kernel, node = stage.kernel, stage.site.node
        reaches = dict(zip(stage.site.live, kernel.reaches, strict=True)) if kernel and kernel.reaches else {}
        for index, name in enumerate(node.inputs):
            if name:
                reach = reaches.get(index)
                again = 1.0 if reach is None else max(1.0, reach.taps / reach.stride)
                yield name, math.ceil(program.tensors[name].nbytes * again)
        for name in node.outputs:
            yield name, program.tensors[name].nbytes
        if stage.origin == COPY and node.op.effect:
            state = node.op.state  # type: ignore[attr-defined]
            yield state_block(state), program.state(state).initial.nbytes
