"""Offsets of everything that lives in the arena: tensors, states, scratch.

Blocks that live at the same time must not share bytes, except where a kernel works in place: an :class:`Overlap` lets
the result of a node begin ``distance`` bytes before its dying operand (a windowed kernel writes row y when the rows
above the window are no longer needed), or exactly on it (``distance`` None, elementwise kernels). Placement is first
fit in an order; orders are tried from four rules and then improved by moving the blocks that reach the peak to the
front (hill climbing, as in Ethos-U Vela's allocator), until the lower bound is met or the tries are used up. Same
input, same plan.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

_TRIES = 300


@dataclass(frozen=True)
class Block:
    """Bytes in use from one node to another, both included.

    Args:
        name: unique.
        size: bytes.
        first, last: node indices; -1 is before the first node.
    """

    name: str
    size: int
    first: int
    last: int

    def lives_with(self, other: Block) -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Overlap:
    """The block ``result`` may share bytes with ``source`` in the node that ends one and begins the other.

    Args:
        distance: ``result`` may start at most at ``offset(source) - distance``; None: exactly at ``offset(source)``.
    """

    source: str
    result: str
    distance: int | None


@dataclass(frozen=True)
class ArenaPlan:
    """Offsets, the size of the arena, and the size that no plan can go below.

    Args:
        slow: blocks that lie in a second, slower arena; their offsets are in that one.
        slow_size: of the second arena; 0 where there is none.
    """

    offsets: dict[str, int]
    size: int
    bound: int
    slow: frozenset[str] = frozenset()
    slow_size: int = 0

    @property
    def arenas(self) -> tuple[str, ...]:
        """C names of the arenas, in the order of the functions' parameters."""
        return ("arena", "slow") if self.slow else ("arena",)

    @property
    def parameters(self) -> str:
        """The arenas as C parameters."""
        return ", ".join(f"void *{name}" for name in self.arenas)

    @property
    def arguments(self) -> str:
        """The arenas as C arguments."""
        return ", ".join(self.arenas)

    def unused(self, body: str) -> str:
        """C lines that name the arenas which a function's body does not use."""
        used = {"arena": ("AT(", "arena"), "slow": ("SLOW(", "slow")}
        words = set(re.findall(r"\w+\(?", body))
        return "".join(f"    (void){name};\n" for name in self.arenas if not words & set(used[name]))

    def at(self, block: str) -> str:
        """C expression for the address of a block."""
        return f"{'SLOW' if block in self.slow else 'AT'}({self.offsets[block]})"


def plan_arena(
    blocks: Sequence[Block], overlaps: Iterable[Overlap], alignment: int, fixed: Mapping[str, int] | None = None
) -> ArenaPlan:
    """Place all blocks.

    Args:
        blocks: with unique names; sizes need not be aligned.
        overlaps: only those between blocks of which one ends in the node where the other begins are used.
        alignment: of every offset, bytes.
        fixed: offsets that are given; blocks named there may share bytes with each other.
    """
    given = fixed or {}
    aligned = [Block(b.name, _up(b.size, alignment), b.first, b.last) for b in blocks if b.size > 0]
    rounded = [o if o.distance is None else replace(o, distance=_up(o.distance, alignment)) for o in overlaps]
    usable = {(o.source, o.result): o for o in usable_overlaps(aligned, rounded)}
    free = [b for b in aligned if b.name not in given]
    bound = max(lower_bound(free, [o for o in usable.values() if not {o.source, o.result} & given.keys()]), 0)
    held = [b for b in aligned if b.name in given]
    bound = max([bound, *(given[b.name] + b.size for b in held)])
    offsets, size = _search(held, given, free, usable, bound)
    return ArenaPlan(offsets | {b.name: 0 for b in blocks if b.size == 0}, size, bound)


def usable_overlaps(blocks: Sequence[Block], overlaps: Iterable[Overlap]) -> list[Overlap]:
    """Those between blocks of which one ends in the node where the other begins."""
    table = {b.name: b for b in blocks}
    return [
        o for o in overlaps if o.source in table and o.result in table and table[o.source].last == table[o.result].first
    ]


def lower_bound(blocks: Sequence[Block], overlaps: Iterable[Overlap]) -> int:
    """The largest sum of sizes in use during one node, less what in-place work can save there."""
    saved = savings(blocks, overlaps)
    times = {b.first for b in blocks}
    live = {t: sum(b.size for b in blocks if b.first <= t <= b.last) for t in times}
    return max((size - saved.get(t, 0) for t, size in live.items()), default=0)


def savings(blocks: Sequence[Block], overlaps: Iterable[Overlap]) -> dict[int, int]:
    """Node -> the most bytes that in-place work can save in it."""
    by_name = {b.name: b for b in blocks}
    saved: dict[int, int] = {}
    for overlap in overlaps:
        source, result = by_name[overlap.source], by_name[overlap.result]
        union = max(source.size + (overlap.distance or 0), result.size)
        saving = max(0, source.size + result.size - union)
        saved[result.first] = max(saved.get(result.first, 0), saving)
    return saved


@dataclass(frozen=True)
class _Neighbour:
    """A block that another lives with: from its offset, the open interval of offsets that the other may not take, and
    a point in it that it may all the same."""

    name: str
    low: int
    high: int
    point: int | None


@dataclass(frozen=True)
class _Problem:
    """Blocks that are placed already, by their offsets; and whom each block lives with."""

    fixed: Mapping[str, int]
    height: int
    neighbours: Mapping[str, Sequence[_Neighbour]]


def _search(
    held: Sequence[Block],
    fixed: Mapping[str, int],
    blocks: Sequence[Block],
    overlaps: dict[tuple[str, str], Overlap],
    bound: int,
) -> tuple[dict[str, int], int]:
    everyone = [*held, *blocks]
    problem = _Problem(
        {b.name: fixed[b.name] for b in held},
        max((fixed[b.name] + b.size for b in held), default=0),
        {b.name: [_forbidden(b, o, overlaps) for o in everyone if o is not b and b.lives_with(o)] for b in blocks},
    )
    rules: tuple[Callable[[Block], tuple[int, ...]], ...] = (
        lambda b: (-b.size, b.first),
        lambda b: (-b.size * (b.last - b.first + 1), b.first),
        lambda b: (b.first, -b.size),
        lambda b: (-b.last, -b.size),
    )
    best: tuple[dict[str, int], int] | None = None
    order: list[Block] = []
    for rule in rules:
        candidate = sorted(blocks, key=rule)
        placed = _first_fit(problem, candidate, best[1] - 1 if best else None)
        if placed is not None:
            best, order = placed, candidate
    assert best is not None
    rng = random.Random(0)
    for _ in range(_TRIES if len(blocks) > 1 else 0):
        if best[1] <= bound:
            break
        candidate = _promote(order, best, rng)
        placed = _first_fit(problem, candidate, best[1])
        if placed is not None:
            best, order = placed, candidate
    return best


def _promote(order: list[Block], best: tuple[dict[str, int], int], rng: random.Random) -> list[Block]:
    """A block that reaches the peak, or one that lives with it, moves forward in the order."""
    offsets, size = best
    peak = [b for b in order if offsets[b.name] + b.size == size] or order
    chosen = rng.choice(peak)
    if rng.random() < 0.5:
        chosen = rng.choice([b for b in order if b.lives_with(chosen)])
    index = order.index(chosen)
    rest = order[:index] + order[index + 1 :]
    rest.insert(rng.randint(0, max(index - 1, 0)), chosen)
    return rest


def _first_fit(
    problem: _Problem, order: Sequence[Block], limit: int | None = None
) -> tuple[dict[str, int], int] | None:
    """Each block at the lowest offset that its predecessors in the order leave free; None above the limit."""
    offsets = dict(problem.fixed)
    size = problem.height
    for block in order:
        taken = []
        for other in problem.neighbours[block.name]:
            at = offsets.get(other.name)
            if at is not None:
                taken.append((at + other.low, at + other.high, None if other.point is None else at + other.point))
        offset = _lowest(taken)
        offsets[block.name] = offset
        size = max(size, offset + block.size)
        if limit is not None and size > limit:
            return None
    return offsets, size


def _lowest(taken: list[tuple[int, int, int | None]]) -> int:
    """The lowest offset in none of the open intervals, or on the point of each that it is in."""
    lowest = 0
    for low, high, _ in sorted(taken, key=lambda interval: interval[0]):
        if low >= lowest:
            break
        lowest = max(lowest, high)
    points = {point for _, _, point in taken if point is not None and 0 <= point < lowest}
    return min((p for p in points if all(not low < p < high or p == q for low, high, q in taken)), default=lowest)


def _forbidden(block: Block, other: Block, overlaps: dict[tuple[str, str], Overlap]) -> _Neighbour:
    """What ``block`` may not take beside ``other``."""
    becomes = overlaps.get((other.name, block.name))
    if becomes is not None:
        if becomes.distance is None:
            return _Neighbour(other.name, -block.size, other.size, 0)
        return _Neighbour(other.name, max(-block.size, -becomes.distance), other.size, None)
    comes = overlaps.get((block.name, other.name))
    if comes is not None:
        if comes.distance is None:
            return _Neighbour(other.name, -block.size, other.size, 0)
        return _Neighbour(other.name, -block.size, min(other.size, comes.distance), None)
    return _Neighbour(other.name, -block.size, other.size, None)


def _up(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
