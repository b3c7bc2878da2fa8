"""Depthwise convolutions tap by tap: products of bytes are summed in 16 bits as long as they must fit, then in 32.

Which taps are summed together is decided from the weights: no input can take such a sum out of 16 bits, in any channel.
With at least a vector of channels, a tile of neighbouring positions shares the columns that it loads. With fewer, rows
are flat runs (see _depthwise).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.kernels._simd._depthwise import Int64, Shape, cut, first_channel, loop, output_rows
from limen.targets.c.kernels._simd._enter import enter_helper, enter_rows, scratch_bytes
from limen.targets.c.kernels._simd._requantize import Requantized, Weights, requantize
from limen.targets.c.kernels._simd._vectors import Vectors
from limen.targets.c.kernels._simd._weighted import bias_of, is_int8, padded_image, whole_form

_HELD = 12
"""Taps whose weights stay in registers."""
_TILE = 4
"""Positions of a tile."""


def depthwise_by_taps(site: Site, vectors: Vectors) -> Kernel | None:
    """DepthwiseConv2D with one filter per channel; None for the rest."""
    op, x, output = site.op, site.input(0), site.output()
    assert isinstance(op, DepthwiseConv2D)
    if not is_int8(site) or x.shape[3] != output.shape[3] or 0 in output.shape:
        return None
    shape = replace(cut(site, vectors), rows=1)
    channels = shape.channels
    values = np.asarray(site.input(1).data, np.int64).reshape(-1, channels)
    weights = Weights(values.T, bias_of(site, channels), op.activation)
    order = np.stack([(start + vectors.order()) % channels for start in shape.starts])
    codes = requantize(site, vectors, weights, order.reshape(-1))
    constants = (
        Constant(site.local("weights"), _pack(shape, values), 64, "[block][ky][kx][lane]"),
        Constant(site.local("bias"), codes.initial[order].astype(np.int32), 64, "zero points folded in"),
        *codes.constants,
    )
    _, used = padded_image(site)
    enter = enter_rows(vectors, x, shape.image, op.padding[0], op.padding[2], used)
    steps = (int(np.prod(x.shape[1:])), int(np.prod(output.shape[1:])))
    calls = [f"{site.symbol}_rows(image, y0);"]
    text = _function(site, shape, codes, sums_that_fit(values))
    text += whole_form(site, vectors, enter, calls, x.shape[0], steps)
    names = ("load", "load_sums", "sums", "store_first" if shape.flat else "store_vector")
    return Kernel(
        codes.text + text,
        constants,
        (enter_helper(vectors), *(vectors.helper(name) for name in names), *codes.called),
        scratch=scratch_bytes(vectors, shape.image),
        includes=(vectors.header,),
    )


def sums_that_fit(values: Int64) -> list[list[int]]:
    """Taps, of weights [taps, channels], in sets whose sums of products with any codes fit 16 bits; first fit."""
    least, most = np.minimum(-128 * values, 127 * values), np.maximum(-128 * values, 127 * values)
    sets: list[list[int]] = []
    for tap in np.argsort(-np.abs(values).max(axis=1), kind="stable"):
        for chosen in sets:
            with_it = [*chosen, int(tap)]
            if least[with_it].sum(axis=0).min() >= -(2**15) and most[with_it].sum(axis=0).max() < 2**15:
                chosen.append(int(tap))
                break
        else:
            sets.append([int(tap)])
    return [sorted(chosen) for chosen in sorted(sets, key=min)]


def _pack(shape: Shape, values: Int64) -> Array:
    """[block][tap][lane]."""
    lanes = np.stack([(start + np.arange(shape.vectors.span)) % shape.channels for start in shape.starts])
    return np.asarray(values[:, lanes].transpose(1, 0, 2).astype(np.int8).reshape(-1))


def _function(site: Site, shape: Shape, codes: Requantized, sets: list[list[int]]) -> str:
    """All output rows from the image."""
    inner = _flat(site, shape, codes, sets) if shape.flat else _blocks(site, shape, codes, sets)
    lines = [f"static void {site.symbol}_rows(const int8_t *image, int8_t *y0)", "{"]
    return "\n".join([*lines, *("    " + line for line in inner), "}"]) + "\n\n"


def _taps(shape: Shape) -> int:
    return shape.kernel[0] * shape.kernel[1]


def _weights(shape: Shape) -> list[str]:
    """Declarations of the weights that stay in registers."""
    vectors = shape.vectors
    load = vectors.call("load")
    held = _taps(shape) <= _HELD
    return [f"const {vectors.operand} w{t} = {load}(w + {t * vectors.span});" for t in range(_taps(shape)) if held]


def _weight(shape: Shape, tap: int) -> str:
    span = shape.vectors.span
    return f"w{tap}" if _taps(shape) <= _HELD else f"{shape.vectors.call('load')}(w + {tap * span})"


def _blocks(site: Site, shape: Shape, codes: Requantized, sets: list[list[int]]) -> list[str]:
    """Blocks of channels outside, tiles of positions inside."""
    vectors, channels = shape.vectors, shape.channels
    tile = min(_TILE, shape.width)
    at = f"x < {shape.width - tile} ? x : {shape.width - tile}" if shape.width % tile else "x"
    body = [f"const int32_t at = {at};"] if shape.width > tile else []
    moved = f" + at * {shape.stride[1] * channels}" if shape.width > tile else ""
    body.append(f"const int8_t *const p = top + first{moved};")
    columns = sorted({i * shape.stride[1] + k * shape.dilation[1] for i in range(tile) for k in range(shape.kernel[1])})
    for column in columns:
        body += _column(shape, column, f"p + {column * channels}")
    to = f"to + at * {channels} + first" if shape.width > tile else "to + first"
    for i in range(tile):
        taken = [i * shape.stride[1] + k * shape.dilation[1] for k in range(shape.kernel[1])]
        body += _sum(site, shape, sets, taken, f"a{i}_")
        body += _store(site, shape, codes, f"a{i}_", f"{to} + {i * channels}", "store_vector", "")
    if shape.width > tile:
        body = loop(f"for (int32_t x = 0; x < {shape.width}; x += {tile})", body)
    head = [
        f"const int8_t *const w = {site.symbol}_weights + block * {_taps(shape) * vectors.span};",
        f"const int32_t lane = block * {vectors.span};",
        first_channel(shape),
        *_weights(shape),
    ]
    return loop(f"for (int32_t block = 0; block < {len(shape.starts)}; ++block)", [*head, *output_rows(shape, body)])


def _flat(site: Site, shape: Shape, codes: Requantized, sets: list[list[int]]) -> list[str]:
    """Flat rows: every vector of the row, with the weights of its place in the channels' period."""
    vectors, period = shape.vectors, len(shape.starts)
    total = shape.width * shape.channels
    part = f"x / {vectors.span} % {period}"
    step = _taps(shape) * vectors.span
    head = [
        f"const int8_t *const w = {site.symbol}_weights{f' + {part} * {step}' if period > 1 else ''};",
        f"const int32_t lane = {f'{part} * {vectors.span}' if period > 1 else 0};",
        *_weights(shape),
    ]
    body = [line for k in range(shape.kernel[1]) for line in _column(shape, k, f"top + x + {_flat_at(shape, k)}")]
    body += _sum(site, shape, sets, list(range(shape.kernel[1])), "a")
    body += _store(site, shape, codes, "a", "to + x", "store_first", f"{total} - x, ")
    outside, inside = (head, []) if period == 1 else ([], head)
    return [
        *outside,
        *output_rows(shape, loop(f"for (int32_t x = 0; x < {total}; x += {vectors.span})", [*inside, *body])),
    ]


def _flat_at(shape: Shape, column: int) -> int:
    return shape.image.at(column * shape.dilation[1])


def _column(shape: Shape, column: int, where: str) -> list[str]:
    """Load the rows of one column."""
    step, load = shape.dilation[0] * shape.image.row, shape.vectors.call("load")
    return [
        f"const {shape.vectors.operand} c{column}_{ky} = {load}({where}{f' + {ky * step}' if ky else ''});"
        for ky in range(shape.kernel[0])
    ]


def _sum(site: Site, shape: Shape, sets: list[list[int]], columns: list[int], prefix: str) -> list[str]:
    """Accumulators of one position; ``columns`` are those under the window, from left to right."""
    vectors = shape.vectors
    load, kw = vectors.call("load_sums"), shape.kernel[1]
    lines = [
        f"{vectors.accumulator} {prefix}{j} = {load}({site.symbol}_bias + lane + {4 * j});"
        for j in range(vectors.group)
    ]
    for number, chosen in enumerate(sets):
        name = f"{prefix}t{number}"
        for index, tap in enumerate(chosen):
            x, w = f"c{columns[tap % kw]}_{tap // kw}", _weight(shape, tap)
            lines.append(
                f"{name} = limen_plus_times({name}, {x}, {w});"
                if index
                else f"limen_sums {name} = limen_times({x}, {w});"
            )
        halves = [f"vget_{side}_s16({name}.{part})" for part in ("low", "high") for side in ("low", "high")]
        lines += [f"{prefix}{j} = vaddw_s16({prefix}{j}, {half});" for j, half in enumerate(halves)]
    return lines


def _store(site: Site, shape: Shape, codes: Requantized, prefix: str, where: str, store: str, count: str) -> list[str]:
    done = [f"{site.symbol}_codes({prefix}{j}, lane + {4 * j})" for j in range(shape.vectors.group)]
    return [f"{shape.vectors.call(store)}({where}, {', '.join(done)}, {count}{codes.bounds});"]
