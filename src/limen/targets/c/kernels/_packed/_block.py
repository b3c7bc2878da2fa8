"""A block of neighbouring positions of a depthwise convolution, and its weights in the order that it reads them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from limen.targets.c.kernels._packed._requantize import Channels


@dataclass(frozen=True)
class Block:
    """The geometry of a block.

    Args:
        positions: of the output.
        rows, taps: of the window.
        stride, dilation: horizontal.
        depth: channels.
        left: columns of padding before the first position's window.
        columns: of the row behind ``left``; taps outside are left out.
        two_sided: whether codes below the zero point occur.
        wide: whether sums may reach 2^20, where the instruction set asks.
    """

    positions: int
    rows: int
    taps: int
    stride: int
    dilation: int
    depth: int
    left: int
    columns: int
    two_sided: bool
    wide: bool = False

    def inside(self, position: int) -> tuple[int, ...]:
        """The taps of a position that lie in the row."""
        first = position * self.stride - self.left
        return tuple(k for k in range(self.taps) if 0 <= first + k * self.dilation < self.columns)

    @property
    def cuts(self) -> list[tuple[int, ...]]:
        """The distinct sets of taps that occur: each has a bias of its own."""
        return sorted({self.inside(p) for p in range(self.positions)})

    @property
    def uses(self) -> dict[int, list[tuple[int, int]]]:
        """Column -> the (position, tap) that read it, left to right."""
        found: dict[int, list[tuple[int, int]]] = {}
        for position in range(self.positions):
            for tap in self.inside(position):
                column = position * self.stride - self.left + tap * self.dilation
                found.setdefault(column, []).append((position, tap))
        return dict(sorted(found.items()))

    @property
    def shift_at(self) -> int:
        """Where the shift of a channel lies in the stream: behind the biases, one per cut, and the weights."""
        return 4 * len(self.cuts) + self.rows * self.taps

    @property
    def multiplier_at(self) -> int:
        """Where the multiplier lies: at the next word."""
        return -(-(self.shift_at + 1) // 4) * 4

    @property
    def channel_bytes(self) -> int:
        return self.multiplier_at + 4

    @property
    def complete(self) -> bool:
        """Whether every position has a tap inside the row."""
        return all(self.inside(p) for p in range(self.positions))

    @property
    def reach(self) -> int:
        """Bytes from the first column to the last, of input or output."""
        return max(max(self.uses, default=0), self.positions - 1) * self.depth


def encode(block: Block, table: Channels, zero_point: int) -> bytes:
    """The stream: for each channel its biases, weights, shift and multiplier.

    Taps that a cut leaves out would have read the zero point, whose share is in the bias.
    """
    parts = []
    taps = table.weights.astype(np.int64).reshape(block.depth, block.rows, block.taps).sum(axis=1)
    outside = [[k for k in range(block.taps) if k not in cut] for cut in block.cuts]
    starts = [table.bias + zero_point * taps[:, missing].sum(axis=1) for missing in outside]
    for channel in range(block.depth):
        words = [int(start[channel]) for start in starts]
        body = table.weights[channel].astype(np.int8).tobytes() + bytes([int(table.shift[channel])])
        end = struct.pack("<i", int(table.mantissa[channel]))
        parts.append(struct.pack(f"<{len(words)}i", *words) + body + bytes(-len(body) % 4) + end)
    return b"".join(parts)
