"""Transpose in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.transpose import Transpose
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """The axes reordered."""
    op = cast(Transpose, site.op)
    shape, out = site.input(0).shape, site.output().shape
    source = contiguous(shape)
    strides = tuple(source[axis] for axis in op.permutation)
    return moved(site, [Block(out, strides, contiguous(out))])


EMIT = emit
