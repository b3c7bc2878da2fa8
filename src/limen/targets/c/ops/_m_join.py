"""Tensors put side by side along an axis, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence

from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.ops._e_text import contiguous
from limen.targets.c.ops._m_copy import Block, moved


def joined(site: Site, axis: int, through: Sequence[str] = (), constants: Sequence[Constant] = ()) -> Kernel:
    """The inputs one behind the other along an axis of the output.

    Args:
        through: per input, what is done to each element (see ``Block``).
        constants: that it reads.
    """
    target = contiguous(site.output().shape)
    blocks, start = [], 0
    for index in range(len(site.operands.inputs)):
        shape = site.input(index).shape
        work = through[index] if through else ""
        blocks.append(Block(shape, contiguous(shape), target, 0, start * target[axis], index, 0, work))
        start += shape[axis]
    return moved(site, blocks, constants)


def parted(site: Site, axis: int) -> Kernel:
    """The input cut along an axis into the outputs."""
    source = contiguous(site.input(0).shape)
    blocks, start = [], 0
    for index, output in enumerate(site.operands.outputs):
        shape = output.shape
        blocks.append(Block(shape, source, contiguous(shape), start * source[axis], 0, 0, index))
        start += shape[axis]
    return moved(site, blocks)
