"""Unpack in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.unpack import Unpack
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """The slices along an axis, without it."""
    axis = cast(Unpack, site.op).axis
    source = contiguous(site.input(0).shape)
    others = (*source[:axis], *source[axis + 1 :])
    shape = site.output().shape
    count = len(site.operands.outputs)
    return moved(site, [Block(shape, others, contiguous(shape), i * source[axis], 0, 0, i) for i in range(count)])


EMIT = emit
