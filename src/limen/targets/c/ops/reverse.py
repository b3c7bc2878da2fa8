"""Reverse in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.reverse import Reverse
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """The input backwards along axes."""
    op = cast(Reverse, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    strides = tuple(-s if axis in op.axes else s for axis, s in enumerate(source))
    start = sum((shape[axis] - 1) * source[axis] for axis in op.axes)
    return moved(site, [Block(out, strides, contiguous(out), start)])


EMIT = emit
