"""Addresses of single rows, packed by when each is alive.

Rows of streaming tensors are born and die at known steps, so each gets an address of its own; a tensor that must lie in
one piece is a group of rows at fixed distances, each with its own life, so that the first rows of a dying input make
room while its last rows are still to be read. Groups are placed first fit, in orders that are improved as in ``_plan``.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TRIES = 40
_EFFORT = 40_000
_Parts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """Rows that lie together.

    Args:
        name: unique.
        parts: int64 [rows, 4]: distance from the group's start, size, first and last step of life. Working memory is
            one place with a part for every step that uses it.
        beside: name of a group on whose very place it may be put, although both are alive at one step (a row that is
            computed in place); empty for none.
    """

    name: str
    parts: _Parts
    beside: str = ""

    @functools.cached_property
    def size(self) -> int:
        return int((self.parts[:, 0] + self.parts[:, 1]).max())


@dataclass(frozen=True, eq=False)
class Packing:
    """Where each group starts, and the bytes that all need."""

    offsets: dict[str, int]
    size: int
    bound: int


def pack(groups: Sequence[Group], alignment: int) -> Packing:
    """Place all groups; parts are rounded up to the alignment."""
    rounded = [Group(g.name, _aligned(g.parts, alignment), g.beside) for g in groups]
    bound = rows_bound(rounded)
    rules: tuple[Callable[[Group], tuple[int, ...]], ...] = (
        lambda g: (-len(g.parts), -g.size, int(g.parts[0, 2])),
        lambda g: (-len(g.parts), int(g.parts[0, 2]), -g.size),
        lambda g: (-len(g.parts), -int(g.parts[0, 3] - g.parts[0, 2]) * g.size, int(g.parts[0, 2])),
    )
    orders = [sorted(rounded, key=rule) for rule in rules]
    results = [_first_fit(order, alignment) for order in orders]
    best = min(range(len(orders)), key=lambda i: results[i][1])
    order, (offsets, size) = orders[best], results[best]
    rng = random.Random(0)
    for _ in range(min(_TRIES, _EFFORT // max(1, len(groups)))):
        if size <= bound:
            break
        candidate = _promote(order, offsets, size, rng)
        found, reached = _first_fit(candidate, alignment)
        if reached <= size:
            order, offsets, size = candidate, found, reached
    return Packing(offsets, size, bound)


def _aligned(parts: _Parts, alignment: int) -> _Parts:
    rounded = parts.copy()
    if not parts[:, 0].any():
        rounded[:, 1] = -(-parts[:, 1] // alignment) * alignment
    return rounded


def rows_bound(groups: Sequence[Group]) -> int:
    """The most bytes alive at one step, less what is computed in place."""
    end = max(int(g.parts[:, 3].max()) for g in groups) + 2
    change = np.zeros(end + 1, np.int64)
    table = {g.name: g for g in groups}
    for group in groups:
        np.add.at(change, group.parts[:, 2] + 1, group.parts[:, 1])
        np.add.at(change, group.parts[:, 3] + 2, -group.parts[:, 1])
        if group.beside in table:
            saved = min(group.size, table[group.beside].size)
            change[group.parts[0, 2] + 1] -= saved
            change[group.parts[0, 2] + 2] += saved
    return int(np.cumsum(change).max())


def _promote(order: list[Group], offsets: dict[str, int], size: int, rng: random.Random) -> list[Group]:
    """A group that reaches the end moves to a random place further ahead."""
    peak = [i for i, g in enumerate(order) if offsets[g.name] + g.size == size]
    index = rng.choice(peak)
    rest = order[:index] + order[index + 1 :]
    rest.insert(rng.randint(0, max(index - 1, 0)), order[index])
    return rest


def _first_fit(order: Sequence[Group], alignment: int) -> tuple[dict[str, int], int]:
    offsets: dict[str, int] = {}
    placed = np.zeros((sum(len(g.parts) for g in order), 4), np.int64, order="F")
    owner: dict[str, slice] = {}
    count = size = 0
    for group in order:
        before = placed[:count]
        keep = np.ones(count, np.bool_)
        exact = offsets.get(group.beside)
        if exact is not None:
            keep[owner[group.beside]] = False
        offset = _lowest(group, before, alignment)
        if exact is not None and exact <= offset and _free(group, before[keep], exact):
            offset = exact
        offsets[group.name] = offset
        rows = placed[count : count + len(group.parts)]
        rows[:] = group.parts
        rows[:, 0] += offset
        owner[group.name] = slice(count, count + len(group.parts))
        count += len(group.parts)
        size = max(size, offset + group.size)
    return offsets, size


def _lowest(group: Group, placed: _Parts, alignment: int) -> int:
    """The lowest offset at which no part meets a placed part that lives at the same step."""
    lows, highs = [], []
    for distance, size, born, died in group.parts.tolist():
        alive = (placed[:, 2] <= died) & (placed[:, 3] >= born)
        start = placed[alive, 0]
        lows.append(start - (distance + size))
        highs.append(start + placed[alive, 1] - distance)
    low, high = np.concatenate(lows), np.concatenate(highs)
    order = np.argsort(low, kind="stable")
    reached = np.zeros(len(low) + 1, np.int64)
    np.maximum.accumulate(-(-high[order] // alignment) * alignment, out=reached[1:])
    reached = np.maximum(reached, 0)
    gaps = low[order] >= reached[:-1]
    return int(reached[np.argmax(gaps)] if gaps.any() else reached[-1])


def _free(group: Group, placed: _Parts, offset: int) -> bool:
    for distance, size, born, died in group.parts:
        start = offset + distance
        meets = (placed[:, 2] <= died) & (placed[:, 3] >= born)
        meets &= (placed[:, 0] < start + size) & (placed[:, 0] + placed[:, 1] > start)
        if meets.any():
            return False
    return True
