"""DepthwiseConv2D of int8 codes on ARMv6-M: blocks of up to five positions."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._packed._depthwise import Blocks, depthwise
from limen.targets.c.kernels.armv6m._block import SUM, block_routine, fits
from limen.targets.c.kernels.armv6m._scaling import fits as rescales
from limen.targets.c.kernels.armv6m._scaling import flavour

_BLOCKS = Blocks(len(SUM), fits, rescales, wide=lambda table: flavour(table).wide, routine=block_routine)


def emit(site: Site) -> Kernel | None:
    return depthwise(site, _BLOCKS)


EMIT = emit
