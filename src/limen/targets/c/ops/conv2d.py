"""Conv2D in portable C: at each position, output channels in fours over runs of contiguous input channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.targets.c._kernel import Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import function, row_arguments
from limen.targets.c.ops._wconv import (
    BLOCK,
    EDGE,
    INSIDE,
    Geometry,
    Lines,
    accumulators,
    blocks,
    counted,
    geometry,
    indented,
    multiply,
    row_function,
    rows_read,
    several_rows,
    store,
    times,
)
from limen.targets.c.ops._wdepthwise import depthwise
from limen.targets.c.ops._weighted import Weighted, finish, interleave, weighted
from limen.targets.c.ops._wfinish import Finish
from limen.targets.c.ops._wfloat import LANES, Product, arrange, headers_of, helpers_of, tile_of


def emit(site: Site) -> Kernel:
    """float32, int8, uint8 and int16 (16x8) with constant weights; grouped or not."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, Conv2D)
    numbers = weighted(site, 0, w.zero_point if w.dtype == "uint8" else 0)
    made = finish(site, numbers, op.activation)
    filters, kh, kw, depth = w.shape
    g = geometry(site, (kh, kw), op.stride, op.dilation, op.padding)
    reach = rows_read(kh, op.stride[0], op.dilation[0], op.padding, x.zero_point)
    groups = x.shape[3] // depth
    if depth == 1 and groups > 1:
        planes = replace(numbers, weights=numbers.weights.transpose(3, 1, 2, 0)[0])
        return depthwise(site, planes, made, g, reach)
    if numbers.is_float and groups == 1 and site.isa in LANES and not site.small:
        return _vectors(site, numbers, made, g, reach)
    parts = [made.text] if made.text else []
    if g.interior[0] < g.interior[1]:
        parts.append(_position(site, numbers, made, g, groups, edge=False))
    if g.edges:
        parts.append(_position(site, numbers, made, g, groups, edge=True))
    row, table = row_function(site, g)
    matrices = numbers.weights.reshape(groups, filters // groups, -1)
    order = np.concatenate([interleave(matrix, BLOCK) for matrix in matrices])
    constants = (*numbers.constants(order, "[channels in fours][ky][kx][input channel][channel]"), *made.constants)
    return Kernel("\n".join([*parts, row]), (*constants, *table), made.helpers, reaches=(reach,))


def _vectors(site: Site, numbers: Weighted, made: Finish, g: Geometry, reach: Reach) -> Kernel:
    """float32 by tiles of vectors."""
    low, high = g.interior
    tile = tile_of(site, high - low)
    product = Product(site, g, g.stride * g.channels, tile, made)
    functions, lines, table = product.row()
    weights, bias = arrange(numbers.weights.reshape(g.filters, -1), numbers.bias, tile)
    laid = replace(numbers, bias=bias)
    row = "/* One row of the output. */\n"
    row += function(f"{site.symbol}_row", row_arguments(site), several_rows(site, g, lines))
    constants = (*laid.constants(weights, "[block][ky][kx][input channel][channel]"), *table)
    return Kernel(
        "\n".join([*functions, row]),
        constants,
        helpers_of(site, g.filters),
        reaches=(reach,),
        includes=headers_of(site),
    )


def _position(site: Site, numbers: Weighted, made: Finish, g: Geometry, groups: int, edge: bool) -> str:
    """All output channels at one position."""
    depth, share = g.channels // groups, g.filters // groups
    pads = edge and numbers.zero != 0
    kind = c_type(site.input(0))

    def body(block: int, at: str) -> Lines:
        group = f" + g * {depth}" if groups > 1 else ""
        row = [f"const {kind} *x = x0[ky] + at{group};", *columns(numbers, g, depth, block, edge, pads)]
        return [
            *accumulators(numbers, block, at, pads),
            *counted("ky", str(g.kernel[0]), row),
            *store(made, block, at, numbers.zero if pads else 0),
        ]

    if groups == 1:
        lines = blocks(share, body)
    else:
        inner = blocks(share, body, f"g * {share} + ")
        lines = [f"for (int32_t g = 0; g < {groups}; ++g) {{", *indented(inner), "}"]
    lines = [f"const {numbers.weight_type} *w = {numbers.weight_symbol};", *lines]
    arguments = [f"const {kind} *const *x0", "int32_t at", *(["int32_t from", "int32_t to"] if edge else [])]
    text = function(f"{site.symbol}_{'edge' if edge else 'inside'}", [*arguments, f"{c_type(site.output())} *y"], lines)
    return EDGE + text if edge else INSIDE + text.replace("static void", "static inline void", 1)


def columns(numbers: Weighted, g: Geometry, depth: int, block: int, edge: bool, pads: bool) -> Lines:
    """One row of the window: runs of contiguous elements, and what lies outside the image.

    Args:
        depth: input channels of a group.
        block: output channels.
        edge: only columns from ... to - 1 lie inside.
        pads: the weights of the others are summed.
    """
    width = g.kernel[1]
    joined = depth == g.channels and (g.dilation == 1 or width == 1)
    inside = _runs(numbers, g, depth, block, "to - from" if edge else str(width), joined)
    if not edge:
        return inside
    if not pads:
        size = depth * block
        return [f"w += {times('from', size)};", *inside, f"w += {times(f'{width} - to', size)};"]
    outside = [*(f"pad{j} += w[{j}];" for j in range(block)), f"w += {block};"]
    before, after = (counted("i", times(count, depth), outside) for count in ("from", f"{width} - to"))
    return [*before, *inside, *after]


def _runs(numbers: Weighted, g: Geometry, depth: int, block: int, count: str, joined: bool) -> Lines:
    body = multiply(numbers, block)
    if joined:
        return counted("i", times(count, depth), body)
    run = counted("i", str(depth), body)
    return counted("kx", count, [*run, f"x += {g.dilation * g.channels};"])


EMIT = emit
