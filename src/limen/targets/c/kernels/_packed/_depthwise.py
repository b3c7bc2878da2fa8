"""DepthwiseConv2D of int8 codes: C that finds the rows of each block of positions, and a block in assembler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from limen.ops._weighted import requantization
from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site
from limen.targets.c.kernels._packed._block import Block, encode
from limen.targets.c.kernels._packed._patch import STRIP
from limen.targets.c.kernels._packed._requantize import Channels, biases, fit

_STREAM = "biases, weights and rescaling by channel, laid out as the routine in the .S file says"
_PARAMETERS = "range of codes, rounding, number of channels"
_WHOLE = """\
static void {symbol}_row(const int8_t *const *x0, int8_t *y0)
{{
    {routine}(x0, {symbol}_stream, y0, {symbol}_parameters);
}}
"""

_BLOCKS = """\
static void {symbol}_block(const int8_t *const *x0, int32_t at, int8_t *y0{strip_parameter})
{{
    const int8_t *rows[{rows}];
    const int32_t column = {column};
    for (int32_t ky = 0; ky < {rows}; ++ky) {{
{source}    }}
    {routine}(rows, {symbol}_stream, y0 + at * {depth}, {symbol}_parameters);
}}

static void {symbol}_row(const int8_t *const *x0, int8_t *y0{scratch_parameter})
{{
    for (int32_t at = 0; at < {end}; at += {positions}) {{
        {symbol}_block(x0, at, y0{scratch});
    }}
{last}}}
"""

_INSIDE = """\
        rows[ky] = x0[ky] + column * {depth};
"""

_ALWAYS = """\
        limen_strip(strip, x0[ky], column, {span}, {width}, {depth}, {fill});
        rows[ky] = strip;
        strip += {strip};
"""

_EDGES = """\
        rows[ky] = x0[ky] + column * {depth};
        if (column < 0 || column > {limit}) {{
            limen_strip(strip, x0[ky], column, {span}, {width}, {depth}, {fill});
            rows[ky] = strip;
            strip += {strip};
        }}
"""


@dataclass(frozen=True)
class Blocks:
    """An instruction set's blocks: ``void NAME(rows, stream, y, parameters)``.

    Args:
        positions: of the largest.
        fits: whether a block can be built.
        accepts: whether it rescales a layer exactly.
        wide: whether a layer's sums need the wide form.
        routine: the assembler function.
    """

    positions: int
    fits: Callable[[Block], bool]
    accepts: Callable[[Channels], bool]
    wide: Callable[[Channels], bool]
    routine: Callable[[Block], Helper]


def depthwise(site: Site, blocks: Blocks) -> Kernel | None:
    """The kernel, or None for a case that it leaves to portable C."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, DepthwiseConv2D)
    if x.dtype != "int8" or w.data is None or w.shape[3] != x.shape[3]:
        return None
    kh, depth = w.shape[1], w.shape[3]
    rows = np.moveaxis(w.data[0], 2, 0).reshape(depth, -1)
    table = fit(rows, biases(site, rows), requantization(site.operands, op.activation))
    if table is None or not blocks.accepts(table):
        return None
    block = _choose(site, table, blocks)
    if block is None:
        return None
    routine = blocks.routine(block)
    stream = np.frombuffer(encode(block, table, x.zero_point), np.uint8)
    parameters = np.array([table.low, table.high, table.rounding, depth], np.int32)
    text, strip = _text(site, block, routine.name)
    return Kernel(
        text,
        (Constant(site.local("stream"), stream, 4, _STREAM),
         Constant(site.local("parameters"), parameters, 4, _PARAMETERS)),
        (_declaration(routine.name), *((STRIP,) if strip else ())),
        strip,
        reaches=(Reach(max(kh, 2), op.stride[0], op.padding[0], op.dilation[0], x.zero_point),),
        routines=(routine,),
    )  # fmt: skip


def _choose(site: Site, table: Channels, blocks: Blocks) -> Block | None:
    """The block of a layer: the whole row where it is short, else the size that wastes least."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, DepthwiseConv2D)
    _, kh, kw, depth = w.shape
    width = site.rows[1]
    whole = Block(
        width, kh, kw, op.stride[1], op.dilation[1], depth, op.padding[2], x.shape[2],
        table.low < table.zero_point, blocks.wide(table),
    )  # fmt: skip
    if width <= blocks.positions and blocks.fits(whole):
        return whole
    span = (kw - 1) * op.dilation[1] + 1
    sizes = range(min(blocks.positions, width), 0, -1)
    parts = [replace(whole, positions=n, left=0, columns=(n - 1) * op.stride[1] + span) for n in sizes]
    usable = [block for block in parts if blocks.fits(block)]
    return min(usable, key=lambda b: -(-width // b.positions) * (b.positions + 1), default=None)


def _text(site: Site, block: Block, routine: str) -> tuple[str, int]:
    """The C functions, and the bytes of scratch for columns outside the row."""
    x, op = site.input(0), site.op
    assert isinstance(op, DepthwiseConv2D)
    width, positions, depth = site.rows[1], block.positions, block.depth
    if block.columns == x.shape[2] and block.left == op.padding[2] and positions == width:
        return _WHOLE.format(symbol=site.symbol, routine=routine), 0
    left, reached = op.padding[2], (width - 1) * block.stride + (block.taps - 1) * block.dilation - op.padding[2]
    padded = left > 0 or reached >= x.shape[2]
    strip = block.columns * depth if padded else 0
    rest = width % positions
    scratch = ", scratch" if strip else ""
    source = _INSIDE if not strip else _EDGES if x.shape[2] >= block.columns else _ALWAYS
    text = _BLOCKS.format(
        symbol=site.symbol, routine=routine, rows=block.rows, depth=depth, positions=positions, end=width - rest,
        column=_column(block.stride, left),
        strip_parameter=", int8_t *strip" if strip else "",
        scratch_parameter=", void *scratch" if strip else "",
        scratch=scratch,
        source=source.format(
            depth=depth, limit=x.shape[2] - block.columns, span=block.columns, width=x.shape[2], fill=x.zero_point,
            strip=strip,
        ),
        last=f"    {site.symbol}_block(x0, {width - positions}, y0{scratch});\n" if rest else "",
    )  # fmt: skip
    return text, strip * block.rows


def _column(stride: int, left: int) -> str:
    column = f"at * {stride}" if stride > 1 else "at"
    return f"{column} - {left}" if left else column


def _declaration(name: str) -> Helper:
    return Helper(
        f"{name}_declaration",
        "/* In the .S file: positions of a row of a depthwise convolution. */\n"
        f"void {name}(const int8_t *const *rows, const uint8_t *stream, int8_t *y,\n    const int32_t *parameters);\n",
    )
