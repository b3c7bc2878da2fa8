"""How a row of positions divides into tiles, and what a tile's patch holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

_KX_AT_ONCE = 4


@dataclass(frozen=True)
class Run:
    """``count`` tiles of ``positions`` each, side by side from position ``start`` on."""

    start: int
    count: int
    positions: int

    @property
    def end(self) -> int:
        return self.start + self.count * self.positions


def divide(width: int, costs: Mapping[int, int]) -> tuple[Run, ...]:
    """The cheapest runs of tiles that cover a row; the last may overlap its neighbour or reach beyond the row.

    Args:
        costs: positions of a tile -> what it takes, largest first.
    """
    sizes = list(costs)
    best = min(
        (
            counts
            for counts in product(*(_counts(width, size, size == sizes[0]) for size in sizes))
            if _covers(counts, sizes, width)
        ),
        key=lambda counts: sum(n * costs[size] for n, size in zip(counts, sizes, strict=True)),
    )
    runs: list[Run] = []
    for count, size in zip(best, sizes, strict=True):
        start = runs[-1].end if runs else 0
        excess = max(0, start + count * size - width)
        if count and excess and width >= size:
            runs += [Run(start, count - 1, size)] if count > 1 else []
            runs.append(Run(width - size, 1, size))
        elif count:
            runs.append(Run(start, count, size))
    return tuple(runs)


def _counts(width: int, size: int, most: bool) -> range:
    """How many tiles of a size are worth a try: as many as fit of the largest, few of the others."""
    return range(max(0, width // size - 1), width // size + 2) if most else range(3)


def _covers(counts: tuple[int, ...], sizes: list[int], width: int) -> bool:
    return sum(n * size for n, size in zip(counts, sizes, strict=True)) >= width


@dataclass(frozen=True)
class Window:
    """The horizontal part of a convolution's geometry; sizes in positions and channels."""

    taps: int
    stride: int
    dilation: int
    depth: int

    def span(self, positions: int) -> int:
        """Columns of the input that adjacent positions read."""
        return (positions - 1) * self.stride + (self.taps - 1) * self.dilation + 1

    @property
    def together(self) -> tuple[range, ...]:
        """Runs of kx whose codes are fetched together, channel by channel."""
        return tuple(range(kx, min(kx + _KX_AT_ONCE, self.taps)) for kx in range(0, self.taps, _KX_AT_ONCE))

    def order(self, rows: int) -> list[int]:
        """Indices into flat weights [ky][kx][c] in the order of the patch."""
        return [
            (ky * self.taps + kx) * self.depth + c
            for ky in range(rows)
            for run in self.together
            for c in range(self.depth)
            for kx in run
        ]
