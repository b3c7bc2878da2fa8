"""FullyConnected and Conv2D of one position, int8: four weights to a word, cut into two words, a MUL for two channels.

A word holds the weights of four channels at one input, each plus 128; masks cut it into two words of two channels,
``(w + 128) + ((v + 128) << 16)``. What the 128 add is the same for all channels: 0x00800080 times the sum of the codes.
Prefix sums of that, made once per input, are taken off when a group of weights ends.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limen.ops._activation import code_range
from limen.ops._fixed_point import Int64
from limen.ops._weighted import requantization, weight_scales
from limen.ops.conv2d import Conv2D
from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site
from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._requantize import Channels, biases, fit
from limen.targets.c.kernels._packed._round_once import fit_once

STEP = 2
SHARE = 0x00800080
_LARGEST = 126
_MOST_GROUPS = 4 * 255 - 2
"""Their counts fill at most so many words as one byte tells."""
_STREAM = "biases, rescaling and weights, channels in blocks, laid out as the routine in the .S file says"
_PARAMETERS = "range of codes, rounding, number of blocks"
_LAST = "the same, of the last block, which repeats channels of the one before"

_BODY = """\
static void {symbol}(const int8_t *x0, int8_t *y0, void *scratch)
{{
    int32_t *const prefix = scratch;
{buffers}{loop}}}
"""

_LOOP = """\
    for (int32_t n = 0; n < {rows}; ++n) {{
{body}        x0 += {depth};
        y0 += {outputs};
    }}
"""

_ROW = """\
static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    int32_t *const prefix = scratch;
{buffers}{body}}}
"""


@dataclass(frozen=True)
class Vectors:
    """An instruction set's inner loop.

    Args:
        channels: made at once, whole fours.
        words: of prefix sums, and what else is prepared, for a number of pairs of inputs.
        prepare: C function (x, pairs, prefix).
        takes_codes: whether the routine takes x before (prefix, stream, y, parameters).
        accepts: whether it rescales a layer exactly.
        routine: (layer, whether it rounds once) -> the assembler function.
    """

    channels: int
    words: Callable[[int], int]
    prepare: Helper
    takes_codes: bool
    accepts: Callable[[Channels, bool], bool]
    routine: Callable[[Channels, bool], Helper]


@dataclass(frozen=True, eq=False)
class _Layer:
    """What the text of a layer needs.

    Args:
        pairs: of inputs.
        prefix, edge, codes: bytes of scratch for prefix sums, for the outputs of a short layer, for codes that are
            copied together; 0 for none.
        last: where the stream of the last block starts, if it overlaps its neighbour.
    """

    symbol: str
    outputs: int
    pairs: int
    constants: tuple[Constant, ...]
    routine: Helper
    helpers: tuple[Helper, ...]
    prefix: int
    edge: int
    codes: int
    last: int


def connected(site: Site, vectors: Vectors) -> Kernel | None:
    """The kernel of a FullyConnected, or None for a case that it leaves to portable C."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, FullyConnected)
    if x.dtype != "int8" or w.data is None or w.dtype != "int8" or (w.quant is not None and any(w.quant.zero_point)):
        return None
    outputs, depth = w.shape
    weights = np.pad(w.data, ((0, 0), (0, -depth % STEP)))
    low, high = code_range(site.output(), op.activation)
    factors = np.broadcast_to(x.scale * weight_scales(site.operands).astype(np.float64) / site.output().scale, outputs)
    table = fit_once(weights, biases(site, weights), factors, site.output().zero_point, low, high)
    if table is None or not _suits(table, vectors, True):
        return None
    layer = _layer(site, table, vectors, once=True, copies=depth % STEP > 0)
    return _kernel(layer, _connected_text(site, layer, vectors), None)


def single(site: Site, vectors: Vectors) -> Kernel | None:
    """The kernel of a Conv2D with one position in a row, all of it inside the input; None for any other case."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, Conv2D)
    if x.dtype != "int8" or w.data is None or w.shape[3] != x.shape[3] or site.rows[1] != 1:
        return None
    kh, kw = w.shape[1:3]
    if op.padding[2] or op.dilation[1] > 1 or kw > x.shape[2]:
        return None
    flat = w.data.reshape(len(w.data), -1)
    weights = np.pad(flat, ((0, 0), (0, -flat.shape[1] % STEP)))
    table = fit(weights, biases(site, weights), requantization(site.operands, op.activation))
    if table is None or not _suits(table, vectors, False):
        return None
    layer = _layer(site, table, vectors, once=False, copies=kh > 1 or flat.shape[1] % STEP > 0)
    pointwise = w.shape[1:3] == (1, 1) and op.stride == (1, 1) and not any(op.padding)
    reach = Reach(kh if kh > 1 or pointwise else 2, op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    return _kernel(layer, _single_text(site, layer, vectors), reach)


def _suits(table: Channels, vectors: Vectors, once: bool) -> bool:
    """Whether a block is at least half full, every step of weights fits a group, and the groups can be counted."""
    lowest = table.weights == -128
    if (lowest[:, 0::STEP] & lowest[:, 1::STEP]).any() or 2 * len(table.bias) < vectors.channels:
        return False
    firsts = _firsts(len(table.bias), vectors.channels)
    few = all(len(_groups(_part(table, first, vectors.channels))) <= _MOST_GROUPS for first in firsts)
    return few and vectors.accepts(table, once)


def _layer(site: Site, table: Channels, vectors: Vectors, once: bool, copies: bool) -> _Layer:
    outputs, depth = table.weights.shape
    blocks = [_block(table, first, vectors.channels) for first in _firsts(outputs, vectors.channels)]
    rest = outputs > vectors.channels and outputs % vectors.channels > 0
    bounds = [table.low, table.high, table.rounding]
    constants = [
        Constant(site.local("stream"), np.frombuffer(b"".join(blocks), np.uint8), 4, _STREAM),
        Constant(site.local("parameters"), np.array([*bounds, len(blocks) - rest], np.int32), 4, _PARAMETERS),
    ]
    if rest:
        constants.append(Constant(site.local("last"), np.array([*bounds, 1], np.int32), 4, _LAST))
    routine = vectors.routine(table, once)
    return _Layer(
        site.symbol, outputs, depth // STEP, tuple(constants), routine,
        (vectors.prepare, _declaration(routine.name, vectors.takes_codes)),
        prefix=4 * vectors.words(depth // STEP),
        edge=vectors.channels if outputs < vectors.channels else 0,
        codes=depth if copies else 0,
        last=sum(map(len, blocks[:-1])) if rest else 0,
    )  # fmt: skip


def _kernel(layer: _Layer, text: str, reach: Reach | None) -> Kernel:
    return Kernel(
        text,
        layer.constants,
        layer.helpers,
        layer.prefix + layer.edge + layer.codes,
        reaches=None if reach is None else (reach,),
        routines=(layer.routine,),
    )


def _firsts(outputs: int, channels: int) -> list[int]:
    """The first channel of each block; the last may overlap its neighbour."""
    firsts = list(range(0, outputs - channels + 1, channels)) or [0]
    return [*firsts, outputs - channels] if outputs > channels and outputs % channels else firsts


def _part(table: Channels, first: int, channels: int) -> Int64:
    """Weights [channels, inputs] of one block; channels beyond the last are dead."""
    found = table.weights[first : first + channels].astype(np.int64)
    return np.pad(found, ((0, channels - len(found)), (0, 0)))


def _groups(weights: Int64) -> list[int]:
    """Inputs of each group of a block's weights."""
    return [group.shape[1] for group in split(weights, STEP, _LARGEST)] if weights.any() else []


def _block(table: Channels, first: int, channels: int) -> bytes:
    """One block of the stream; channels beyond the last are dead.

    Starts of the sums, multipliers, shifts, then in bytes: words of counts, the groups' pairs of inputs, a zero; at the
    next word the weights.
    """
    part = slice(first, first + channels)
    missing = channels - len(table.bias[part])
    weights = _part(table, first, channels)
    groups = _groups(weights)
    bias = np.pad(table.bias[part], (0, missing))
    lows = [four + low for four in range(0, channels, 4) for low in (0, 1)]
    head = struct.pack(
        f"<{2 * len(lows)}i{channels}i{channels}B",
        *(value for low in lows for value in _starts(bias, low, len(groups))),
        *np.pad(table.mantissa[part], (0, missing)).tolist(),
        *np.pad(table.shift[part], (0, missing), constant_values=1).tolist(),
    )
    counts = bytes([*(size // STEP for size in groups), 0])
    words = -(-(1 + len(counts)) // 4)
    body = (weights.T + 128).astype(np.uint8).tobytes() if groups else b""
    return head + (bytes([words]) + counts).ljust(4 * words, b"\0") + body


def _starts(bias: Int64, low: int, groups: int) -> tuple[int, int]:
    """Where the sums of channels ``low`` and ``low + 2`` begin; each group adds 0x8000 to the wide one."""
    wide = int(bias[low]) + (int(bias[low + 2]) << 16) - (groups << 15)
    return int(bias[low + 2]), (wide + (1 << 31)) % (1 << 32) - (1 << 31)


def _connected_text(site: Site, layer: _Layer, vectors: Vectors) -> str:
    depth = site.input(1).shape[1]
    rows = site.input(0).size // depth
    lines = [f"memcpy(codes, x0, {depth}u);", f"codes[{depth}] = 0;"] if layer.codes else []
    lines += _steps(layer, vectors, "codes" if layer.codes else "x0")
    body = _indented(lines, 1 if rows == 1 else 2)
    loop = body if rows == 1 else _LOOP.format(rows=rows, body=body, depth=depth, outputs=layer.outputs)
    return _BODY.format(symbol=layer.symbol, buffers=_buffers(layer), loop=loop)


def _single_text(site: Site, layer: _Layer, vectors: Vectors) -> str:
    _, kh, kw, depth = site.input(1).shape
    size = kw * depth
    lines = []
    if layer.codes:
        lines = [f"for (int32_t ky = 0; ky < {kh}; ++ky) {{", f"    memcpy(codes + ky * {size}, x0[ky], {size}u);", "}"]
        lines += [f"codes[{kh * size}] = 0;"] if kh * size % STEP else []
    lines += _steps(layer, vectors, "codes" if layer.codes else "x0[0]")
    return _ROW.format(symbol=layer.symbol, buffers=_buffers(layer), body=_indented(lines, 1))


def _buffers(layer: _Layer) -> str:
    text = f"    int8_t *const edge = (int8_t *)scratch + {layer.prefix};\n" if layer.edge else ""
    if layer.codes:
        text += f"    int8_t *const codes = (int8_t *)scratch + {layer.prefix + layer.edge};\n"
    return text


def _steps(layer: _Layer, vectors: Vectors, source: str) -> list[str]:
    """The statements that make all outputs of one position."""
    name, symbol = layer.routine.name, layer.symbol
    lines = [f"{vectors.prepare.name}({source}, {layer.pairs}, prefix);"]
    target = "edge" if layer.edge else "y0"
    codes = f"{source}, " if vectors.takes_codes else ""
    lines.append(f"{name}({codes}prefix, {symbol}_stream, {target}, {symbol}_parameters);")
    if layer.last:
        at = f"y0 + {layer.outputs - vectors.channels}"
        lines.append(f"{name}({codes}prefix, {symbol}_stream + {layer.last}, {at}, {symbol}_last);")
    if layer.edge:
        lines.append(f"memcpy(y0, edge, {layer.outputs}u);")
    return lines


def _indented(lines: list[str], depth: int) -> str:
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def _declaration(name: str, takes_codes: bool) -> Helper:
    codes = "const int8_t *x, " if takes_codes else ""
    return Helper(
        f"{name}_declaration",
        "/* In the .S file: all output channels of one position. */\n"
        f"void {name}({codes}const int32_t *prefix, const uint8_t *stream, int8_t *y,\n"
        "    const int32_t *parameters);\n",
    )
