"""Tile in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.tile import Tile
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """The input repeated along every axis."""
    op = cast(Tile, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    target = contiguous(out)
    extents = tuple(n for pair in zip(op.multiples, shape, strict=True) for n in pair)
    reads = tuple(n for step in source for n in (0, step))
    writes = tuple(n for step, extent in zip(target, shape, strict=True) for n in (step * extent, step))
    return moved(site, [Block(extents, reads, writes)])


EMIT = emit
