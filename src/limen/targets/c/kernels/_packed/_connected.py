"""FullyConnected of int8 codes: four weights to a word, cut into two words of two channels, one MUL for both.

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
from limen.ops._weighted import weight_scales
from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Constant, Helper, Kernel, Site
from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._requantize import Channels, biases
from limen.targets.c.kernels._packed._round_once import fit_once

STEP = 2
SHARE = 0x00800080
_LARGEST = 126

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


@dataclass(frozen=True)
class Vectors:
    """An instruction set's inner loop.

    Args:
        channels: made at once, whole fours.
        words: of prefix sums, and what else is prepared, for a number of pairs of inputs.
        prepare: C function (x, pairs, prefix).
        takes_codes: whether the routine takes x before (prefix, stream, y, parameters).
        accepts: whether it rescales a layer exactly.
        routine: the assembler function.
    """

    channels: int
    words: Callable[[int], int]
    prepare: Helper
    takes_codes: bool
    accepts: Callable[[Channels], bool]
    routine: Callable[[Channels], Helper]


def connected(site: Site, vectors: Vectors) -> Kernel | None:
    """The kernel, or None for a case that it leaves to portable C."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, FullyConnected)
    if x.dtype != "int8" or w.data is None or w.dtype != "int8" or (w.quant is not None and any(w.quant.zero_point)):
        return None
    outputs, depth = w.shape
    weights = np.pad(w.data, ((0, 0), (0, -depth % STEP)))
    low, high = code_range(site.output(), op.activation)
    factors = np.broadcast_to(x.scale * weight_scales(site.operands).astype(np.float64) / site.output().scale, outputs)
    table = fit_once(weights, biases(site, weights), factors, site.output().zero_point, low, high)
    lowest = weights == -128
    if table is None or not vectors.accepts(table) or (lowest[:, 0::STEP] & lowest[:, 1::STEP]).any():
        return None
    return _kernel(site, table, vectors)


def _kernel(site: Site, table: Channels, vectors: Vectors) -> Kernel:
    outputs, depth = site.input(1).shape
    firsts = _firsts(outputs, vectors.channels)
    blocks = [_block(table, first, vectors.channels) for first in firsts]
    rest = outputs > vectors.channels and outputs % vectors.channels > 0
    bounds = [table.low, table.high, table.rounding]
    constants = [
        Constant(site.local("stream"), np.frombuffer(b"".join(blocks), np.uint8), 4, "see the routine in the .S file"),
        Constant(site.local("parameters"), np.array([*bounds, len(blocks) - rest], np.int32)),
    ]
    if rest:
        constants.append(Constant(site.local("last"), np.array([*bounds, 1], np.int32)))
    routine = vectors.routine(table)
    places = _Places(
        prefix=4 * vectors.words(table.weights.shape[1] // STEP),
        edge=vectors.channels if outputs < vectors.channels else 0,
        even=table.weights.shape[1] if depth % STEP else 0,
        last=sum(map(len, blocks[:-1])) if rest else 0,
    )
    return Kernel(
        _text(site, vectors, routine.name, places),
        tuple(constants),
        (vectors.prepare, _declaration(routine.name, vectors.takes_codes)),
        places.prefix + places.edge + places.even,
        routines=(routine,),
    )


@dataclass(frozen=True)
class _Places:
    """Bytes of the scratch memory: prefix sums, outputs of a short layer, an input of even length; 0 for none.

    Args:
        last: where the stream of the last block starts, if it overlaps its neighbour.
    """

    prefix: int
    edge: int
    even: int
    last: int


def _firsts(outputs: int, channels: int) -> list[int]:
    """The first channel of each block; the last may overlap its neighbour."""
    firsts = list(range(0, outputs - channels + 1, channels)) or [0]
    return [*firsts, outputs - channels] if outputs > channels and outputs % channels else firsts


def _block(table: Channels, first: int, channels: int) -> bytes:
    """One block of the stream; channels beyond the last are dead.

    Starts of the sums, multipliers, shifts, then in bytes: words of counts, the groups' pairs of inputs, a zero; at the
    next word the weights.
    """
    part = slice(first, first + channels)
    missing = channels - len(table.bias[part])
    weights = np.pad(table.weights[part].astype(np.int64), ((0, missing), (0, 0)))
    groups = [g.shape[1] for g in split(weights, STEP, _LARGEST)] if weights.any() else []
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


def _text(site: Site, vectors: Vectors, name: str, places: _Places) -> str:
    outputs, depth = site.input(1).shape
    rows = site.input(0).size // depth
    buffers = f"    int8_t *const edge = (int8_t *)scratch + {places.prefix};\n" if places.edge else ""
    if places.even:
        buffers += f"    int8_t *const even = (int8_t *)scratch + {places.prefix + places.edge};\n"
    source = "even" if places.even else "x0"
    lines = [f"memcpy(even, x0, {depth}u);", f"even[{depth}] = 0;"] if places.even else []
    lines.append(f"{vectors.prepare.name}({source}, {-(-depth // STEP)}, prefix);")
    target = "edge" if places.edge else "y0"
    codes = f"{source}, " if vectors.takes_codes else ""
    lines.append(f"{name}({codes}prefix, {site.symbol}_stream, {target}, {site.symbol}_parameters);")
    if places.last:
        at = f"y0 + {outputs - vectors.channels}"
        lines.append(f"{name}({codes}prefix, {site.symbol}_stream + {places.last}, {at}, {site.symbol}_last);")
    if places.edge:
        lines.append(f"memcpy(y0, edge, {outputs}u);")
    indent = "    " if rows == 1 else "        "
    body = "".join(f"{indent}{line}\n" for line in lines)
    loop = body if rows == 1 else _LOOP.format(rows=rows, body=body, depth=depth, outputs=outputs)
    return _BODY.format(symbol=site.symbol, buffers=buffers, loop=loop)


def _declaration(name: str, takes_codes: bool) -> Helper:
    codes = "const int8_t *x, " if takes_codes else ""
    return Helper(
        f"{name}_declaration",
        f"void {name}({codes}const int32_t *prefix, const uint8_t *stream, int8_t *y,\n"
        "    const int32_t *parameters);\n",
    )
