"""DepthToSpace in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.depth_to_space import DepthToSpace
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """Channels into blocks of pixels."""
    op = cast(DepthToSpace, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    n, h, w, _ = shape
    tn, th, tw, tc = contiguous(out)
    b = op.block
    extents = (n, h, w, b, b, out[3])
    writes = (tn, b * th, b * tw, th, tw, tc)
    return moved(site, [Block(extents, (*source[:3], b * out[3], out[3], 1), writes)])


EMIT = emit
