"""SpaceToDepth in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.space_to_depth import SpaceToDepth
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """Blocks of pixels into channels."""
    op = cast(SpaceToDepth, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    n, h, w, _ = out
    sn, sh, sw, sc = source
    b = op.block
    extents = (n, h, w, b, b, shape[3])
    reads = (sn, b * sh, b * sw, sh, sw, sc)
    return moved(site, [Block(extents, reads, (*contiguous(out)[:3], b * shape[3], shape[3], 1))])


EMIT = emit
