"""Slice in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.slice import Slice
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """A block of the input."""
    op = cast(Slice, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    start = sum(b * s for b, s in zip(op.begin, source, strict=True))
    return moved(site, [Block(out, source, contiguous(out), start)])


EMIT = emit
