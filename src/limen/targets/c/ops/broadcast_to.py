"""BroadcastTo in portable C."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._elementwise import broadcast_strides
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """The input broadcast to a shape."""
    out = site.output().shape
    return moved(site, [Block(out, broadcast_strides(site.input(0).shape, out), contiguous(out))])


EMIT = emit
