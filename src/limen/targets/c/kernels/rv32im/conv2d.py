"""Conv2D of int8 codes on RV32IM: two channels by two, four or six positions at a time."""

from __future__ import annotations

from limen.targets.c._kernel import Helper, Kernel, Site
from limen.targets.c.kernels._packed._connected import single
from limen.targets.c.kernels._packed._convolution import Tiles, convolution
from limen.targets.c.kernels._packed._requantize import Channels
from limen.targets.c.kernels.rv32im._stream import STEP, encodable, encode
from limen.targets.c.kernels.rv32im._tile import CHANNELS, tile
from limen.targets.c.kernels.rv32im.fully_connected import VECTORS


def _routine(positions: int, table: Channels) -> Helper:
    return tile(positions // 2, table.low < table.zero_point)


_TILES = Tiles(
    costs={6: 24, 4: 17, 2: 11},
    channels=CHANNELS,
    step=STEP,
    patch=12288,
    accepts=encodable,
    encode=encode,
    routine=_routine,
)


def emit(site: Site) -> Kernel | None:
    return single(site, VECTORS) or convolution(site, _TILES)


EMIT = emit
