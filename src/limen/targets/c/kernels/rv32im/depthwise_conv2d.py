"""DepthwiseConv2D of int8 codes on RV32IM: blocks of up to six positions."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.kernels._packed._depthwise import Blocks, depthwise
from limen.targets.c.kernels.rv32im._block import SUM, block_routine, fits

_BLOCKS = Blocks(len(SUM), fits, accepts=lambda table: True, wide=lambda table: False, routine=block_routine)


def emit(site: Site) -> Kernel | None:
    return depthwise(site, _BLOCKS)


EMIT = emit
