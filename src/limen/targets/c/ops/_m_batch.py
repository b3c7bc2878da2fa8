"""Pixels of every block position to and from the batch, with borders: loops over the blocks and what lies inside."""

from __future__ import annotations

from math import prod

from limen.program import Shape
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._e_text import contiguous, function, linear, loops, offset, unused, whole_arguments
from limen.targets.c.ops._m_copy import constant_operands, operand_names, refuse_half
from limen.targets.c.ops._m_index import moved_run

Sides = tuple[tuple[int, int], ...]


def regrouped(site: Site, block: tuple[int, ...], sides: Sides, to_batch: bool, border: list[str]) -> Kernel:
    """SpaceToBatchNd and BatchToSpaceNd.

    Args:
        block: extents of a block.
        sides: padding before and after each axis of the picture (crops, on the way back).
        to_batch: from the picture to the batch.
        border: C lines that fill the output first, where the blocks do not.

    Raises:
        UnsupportedOp: float16.
    """
    refuse_half(site)
    x, y = site.input(0), site.output()
    if 0 in (*x.shape, *y.shape):
        return Kernel(function(site.symbol, whole_arguments(site), [*unused(site), *border]))
    picture, batch = (x.shape, y.shape) if to_batch else (y.shape, x.shape)
    spatial, depth = len(block), picture[-1]
    extents = (picture[0], *batch[1:-1], *block)
    inside, start, steps = _positions(picture, block, sides, spatial)
    blocks = _block_strides(batch, block, picture[0])
    ends = {"picture": (start, steps), "batch": (0, blocks)}
    names = operand_names(site)
    source, target = ("picture", "batch") if to_batch else ("batch", "picture")
    move = moved_run(offset("y0", *ends[target]), offset(names[0], *ends[source]), depth, c_type(y))
    body = [f"if ({' && '.join(inside)}) {{", f"    {move}", "}"] if inside else [move]
    text = function(site.symbol, whole_arguments(site), [*border, *loops(extents, body)])
    return Kernel(text, constant_operands(site))


def _positions(
    picture: Shape, block: tuple[int, ...], sides: Sides, spatial: int
) -> tuple[list[str], int, tuple[int, ...]]:
    """Conditions that a position lies inside the picture, and the picture's start and strides along the counters."""
    own = contiguous(picture)
    conditions = []
    for axis in range(spatial):
        strides = [0] * (1 + 2 * spatial)
        strides[1 + axis], strides[1 + spatial + axis] = block[axis], 1
        before, after = sides[axis]
        place = linear(-before, strides)
        if before:
            conditions.append(f"{place} >= 0")
        if after:
            conditions.append(f"{place} < {picture[1 + axis]}")
    start = -sum(sides[axis][0] * own[1 + axis] for axis in range(spatial))
    walk = tuple(block[axis] * own[1 + axis] for axis in range(spatial))
    return conditions, start, (own[0], *walk, *own[1 : 1 + spatial])


def _block_strides(batch: Shape, block: tuple[int, ...], pictures: int) -> tuple[int, ...]:
    """Strides of the batch tensor along picture, block and position in the block."""
    own = contiguous(batch)
    within = tuple(prod(block[axis + 1 :]) * pictures * own[0] for axis in range(len(block)))
    return (own[0], *own[1:-1], *within)
