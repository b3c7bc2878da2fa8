"""Conv2D of int8 codes on ARMv6-M: one channel by two or four positions at a time."""

from __future__ import annotations

import struct

import numpy as np

from limen.targets.c._kernel import Helper, Kernel, Site
from limen.targets.c.kernels._packed._connected import single
from limen.targets.c.kernels._packed._convolution import Tiles, convolution
from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._requantize import Channels
from limen.targets.c.kernels.armv6m._scaling import fits, flavour
from limen.targets.c.kernels.armv6m._tile import LARGEST, tile
from limen.targets.c.kernels.armv6m.fully_connected import VECTORS


def _routine(positions: int, table: Channels) -> Helper:
    return tile(positions // 2, flavour(table))


def _accepts(table: Channels) -> bool:
    """A channel's groups take two bytes for each weight at most."""
    return fits(table) and 2 * table.weights.shape[1] < 1 << 16


def _encode(table: Channels, first: int, count: int) -> bytes:
    """The stream of ``count`` channels from ``first`` on."""
    parts = []
    for channel in range(first, first + count):
        rows = table.weights[channel : channel + 1].astype(np.int64)
        groups = [g[0] for g in split(rows, 1, LARGEST)] if rows.any() else []
        body = b"".join(bytes([LARGEST - len(g)]) + g.astype(np.int8).tobytes() for g in groups)
        bias = int(table.bias[channel])
        wide = (bias + (bias << 16) - (len(groups) << 15) + (1 << 31)) % (1 << 32) - (1 << 31)
        head = struct.pack("<3i2H", bias, wide, int(table.mantissa[channel]), len(body), int(table.shift[channel]))
        parts.append(head + body + bytes(-len(body) % 4))
    return b"".join(parts)


_TILES = Tiles(costs={4: 9, 2: 7}, channels=1, step=1, patch=8192, accepts=_accepts, encode=_encode, routine=_routine)


def emit(site: Site) -> Kernel | None:
    return single(site, VECTORS) or convolution(site, _TILES)


EMIT = emit
