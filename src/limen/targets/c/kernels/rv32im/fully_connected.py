"""FullyConnected of int8 codes on RV32IM: two channels to a word, eight channels at a time in assembler."""

from __future__ import annotations

import struct

import numpy as np

from limen.ops._activation import code_range
from limen.ops._fixed_point import Int64
from limen.ops._weighted import weight_scales
from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Constant, Helper, Kernel, Site
from limen.targets.c.kernels._packed._groups import split
from limen.targets.c.kernels._packed._requantize import Channels, biases
from limen.targets.c.kernels._packed._round_once import fit_once
from limen.targets.c.kernels.rv32im._stream import LARGEST, STEP, encodable
from limen.targets.c.kernels.rv32im._vector import BIAS_SHARE, CHANNELS, NAME, vector

_PREFIX = Helper(
    "limen_prefix",
    f"""\
/* What weights plus 128 add to the sums of two channels in a word, up to each second code. */
static void limen_prefix(const int8_t *x, int32_t pairs, int32_t *prefix)
{{
    uint32_t sum = 0;
    prefix[0] = 0;
    for (int32_t i = 0; i < pairs; ++i) {{
        sum += (uint32_t)(x[2 * i] + x[2 * i + 1]);
        prefix[i + 1] = (int32_t)(sum * 0x{BIAS_SHARE:08x}u);
    }}
}}
""",
)

_DECLARATION = Helper(
    f"{NAME}_declaration",
    f"void {NAME}(const int8_t *x, const int32_t *prefix, const uint8_t *stream, int8_t *y,\n"
    "    const int32_t *parameters);\n",
)

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


def emit(site: Site) -> Kernel | None:
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, FullyConnected)
    if x.dtype != "int8" or w.data is None or w.dtype != "int8" or (w.quant is not None and any(w.quant.zero_point)):
        return None
    outputs, depth = w.shape
    weights = np.pad(w.data, ((0, 0), (0, -depth % STEP)))
    low, high = code_range(site.output(), op.activation)
    factors = np.broadcast_to(x.scale * weight_scales(site.operands).astype(np.float64) / site.output().scale, outputs)
    table = fit_once(weights, biases(site, weights), factors, site.output().zero_point, low, high)
    if table is None or not encodable(table):
        return None
    stream = b"".join(_eight(table, first) for first in _firsts(outputs))
    constants = [
        Constant(site.local("stream"), np.frombuffer(stream, np.uint8), 4, "see the routine in the .S file"),
        Constant(
            site.local("parameters"), np.array([low, high, table.rounding, max(1, outputs // CHANNELS)], np.int32)
        ),
    ]
    rest = outputs > CHANNELS and outputs % CHANNELS > 0
    if rest:
        constants.append(Constant(site.local("last"), np.array([low, high, table.rounding, 1], np.int32)))
    prefix = 4 * (weights.shape[1] // STEP + 1)
    edge = CHANNELS if outputs < CHANNELS else 0
    even = weights.shape[1] if depth % STEP else 0
    last = len(stream) - len(_eight(table, _firsts(outputs)[-1])) if rest else 0
    text = _text(site, prefix, edge, last)
    return Kernel(text, tuple(constants), (_PREFIX, _DECLARATION), prefix + edge + even, routines=(vector(),))


def _firsts(outputs: int) -> list[int]:
    """The first channel of each eight; the last eight may overlap its neighbour."""
    firsts = list(range(0, outputs - CHANNELS + 1, CHANNELS)) or [0]
    return [*firsts, outputs - CHANNELS] if outputs > CHANNELS and outputs % CHANNELS else firsts


def _eight(table: Channels, first: int) -> bytes:
    """Eight channels of the stream; those beyond the last are dead."""
    part = slice(first, first + CHANNELS)
    missing = CHANNELS - len(table.bias[part])
    weights = np.pad(table.weights[part].astype(np.int64), ((0, missing), (0, 0)))
    groups = [g.shape[1] for g in split(weights, STEP, LARGEST)] if weights.any() else []
    bias = np.pad(table.bias[part], (0, missing))
    sums = [value for low in (0, 1, 4, 5) for value in _starts(bias, low, len(groups))]
    head = struct.pack(
        f"<8i{CHANNELS}i{CHANNELS}B",
        *sums,
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


def _text(site: Site, prefix: int, edge: int, last: int) -> str:
    outputs, depth = site.input(1).shape
    rows = site.input(0).size // depth
    odd = depth % STEP
    buffers = f"    int8_t *const edge = (int8_t *)scratch + {prefix};\n" if edge else ""
    buffers += f"    int8_t *const even = (int8_t *)scratch + {prefix + edge};\n" if odd else ""
    source = "even" if odd else "x0"
    lines = [f"memcpy(even, x0, {depth}u);", f"even[{depth}] = 0;"] if odd else []
    lines.append(f"limen_prefix({source}, {-(-depth // STEP)}, prefix);")
    target = "edge" if edge else "y0"
    lines.append(f"{NAME}({source}, prefix, {site.symbol}_stream, {target}, {site.symbol}_parameters);")
    if last:
        at = f"y0 + {outputs - CHANNELS}"
        lines.append(f"{NAME}({source}, prefix, {site.symbol}_stream + {last}, {at}, {site.symbol}_last);")
    if edge:
        lines.append(f"memcpy(y0, edge, {outputs}u);")
    indent = "    " if rows == 1 else "        "
    body = "".join(f"{indent}{line}\n" for line in lines)
    loop = body if rows == 1 else _LOOP.format(rows=rows, body=body, depth=depth, outputs=outputs)
    return _BODY.format(symbol=site.symbol, buffers=buffers, loop=loop)


EMIT = emit
