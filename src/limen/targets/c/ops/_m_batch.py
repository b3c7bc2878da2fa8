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
    depth = picture[-1]
    extents = (picture[0], *batch[1:-1], *block)
    declared, inside = _inside(picture, block, sides)
    start, steps = _walk(picture, block, sides)
    blocks = _block_strides(batch, block, picture[0])
    ends = {"picture": (start, steps), "batch": (0, blocks)}
    names = operand_names(site)
    source, target = ("picture", "batch") if to_batch else ("batch", "picture")
    move = moved_run(offset("y0", *ends[target]), offset(names[0], *ends[source]), depth, c_type(y))
    body = [*declared, f"if ({' && '.join(inside)}) {{", f"    {move}", "}"] if inside else [move]
    text = function(site.symbol, whole_arguments(site), [*border, *loops(extents, body)])
    return Kernel(text, constant_operands(site))


def _inside(picture: Shape, block: tuple[int, ...], sides: Sides) -> tuple[list[str], list[str]]:
    """Declarations of the position in the picture, and the conditions that it lies inside."""
    spatial = len(block)
    declared, conditions = [], []
    for axis, name in enumerate(("row", "column")[-spatial:]):
        before, after = sides[axis]
        strides = [0] * (1 + 2 * spatial)
        strides[1 + axis], strides[1 + spatial + axis] = block[axis], 1
        if before or after:
            declared.append(f"const int32_t {name} = {linear(-before, strides)};")
        conditions += [f"{name} >= 0"] if before else []
        conditions += [f"{name} < {picture[1 + axis]}"] if after else []
    return declared, conditions


def _walk(picture: Shape, block: tuple[int, ...], sides: Sides) -> tuple[int, tuple[int, ...]]:
    """Start and strides of the picture along the counters."""
    own, spatial = contiguous(picture), range(len(block))
    start = -sum(sides[axis][0] * own[1 + axis] for axis in spatial)
    return start, (own[0], *(block[axis] * own[1 + axis] for axis in spatial), *own[1:-1])


def _block_strides(batch: Shape, block: tuple[int, ...], pictures: int) -> tuple[int, ...]:
    """Strides of the batch tensor along picture, block and position in the block."""
    own = contiguous(batch)
    within = tuple(prod(block[axis + 1 :]) * pictures * own[0] for axis in range(len(block)))
    return (own[0], *own[1:-1], *within)
