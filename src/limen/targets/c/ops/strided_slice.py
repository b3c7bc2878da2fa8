"""StridedSlice in portable C."""

from __future__ import annotations

from typing import cast

from limen.ops.strided_slice import StridedSlice
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def emit(site: Site) -> Kernel:
    """Every so many elements of a block of the input."""
    op = cast(StridedSlice, site.op)
    shape = site.input(0).shape
    extended, axes = op._axes(shape)
    source = contiguous(extended)
    start = sum(axis.start * s for axis, s in zip(axes, source, strict=True))
    extents = tuple(axis.extent for axis in axes)
    strides = tuple(axis.stride * s for axis, s in zip(axes, source, strict=True))
    return moved(site, [Block(extents, strides, contiguous(extents), start)])


EMIT = emit
