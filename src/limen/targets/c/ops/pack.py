"""Pack in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.pack import Pack
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """Equal tensors side by side along a new axis."""
    axis = cast(Pack, site.op).axis
    target = contiguous(site.output().shape)
    others = (*target[:axis], *target[axis + 1 :])
    shape = site.input(0).shape
    count = len(site.operands.inputs)
    return moved(site, [Block(shape, contiguous(shape), others, 0, i * target[axis], i) for i in range(count)])


EMIT = emit
