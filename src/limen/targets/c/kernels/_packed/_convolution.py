"""Conv2D of int8 codes: C that gathers patches of packed positions, and a tile in assembler that multiplies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from limen.ops._weighted import requantization
from limen.ops.conv2d import Conv2D
from limen.program import Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site
from limen.targets.c.kernels._packed._patch import STRIP, gather, patch
from limen.targets.c.kernels._packed._plan import Run, Window, divide
from limen.targets.c.kernels._packed._requantize import Channels, biases, fit

_STREAM = "biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says"
_PARAMETERS = "bytes between positions, range of codes, rounding, number of blocks"
_LAST = "the same, of the last block, which repeats channels of the one before"

_TILE = """\
static void {symbol}_tile{positions}(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch{strip_parameter})
{{
    {symbol}_patch{positions}(x0, {column}, patch{strip});
{calls}}}
"""

_ROW = """\
static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    int32_t *const patch = scratch;
{buffers}{runs}}}
"""


@dataclass(frozen=True)
class Tiles:
    """An instruction set's inner loops: ``void NAME(patch, stream, y, parameters)``.

    Args:
        costs: positions of a tile -> instructions for a weight, largest first.
        channels: how many it makes at once.
        step: weights of a channel that stay together in its stream.
        patch: bytes that a patch may take.
        accepts: whether the stream can hold a layer.
        encode: (layer, first channel, number of channels) -> stream.
        routine: (positions, layer) -> the assembler function.
    """

    costs: Mapping[int, int]
    channels: int
    step: int
    patch: int
    accepts: Callable[[Channels], bool]
    encode: Callable[[Channels, int, int], bytes]
    routine: Callable[[int, Channels], Helper]


@dataclass(frozen=True, eq=False)
class _Layer:
    """What the text of one convolution needs.

    Args:
        width: of the input row. positions: of the output row.
        last: where the stream of the last two channels starts, if their number is odd.
        channels: of one call. routines: positions -> the assembler function.
        patch: bytes of the patch. strip: of the strip, 0 for none. edge: of the output beyond the row's end.
    """

    symbol: str
    window: Window
    rows: int
    outputs: int
    width: int
    positions: int
    left: int
    fill: int
    runs: tuple[Run, ...]
    patch: int
    strip: int
    edge: int
    last: int
    channels: int
    routines: Mapping[int, Helper]


def is_pointwise(site: Site) -> bool:
    """Whether every position is a code of its own, so that rows may be joined to one.

    The core joins the rows of any kernel that reads one row in step; one that is wide asks for a second row to keep
    them apart.
    """
    op = site.op
    assert isinstance(op, Conv2D)
    return site.input(1).shape[1:3] == (1, 1) and op.stride == (1, 1) and not any(op.padding)


def convolution(site: Site, tiles: Tiles) -> Kernel | None:
    """The kernel, or None for a case that it leaves to portable C."""
    x, w, op = site.input(0), site.input(1), site.op
    assert isinstance(op, Conv2D)
    if x.dtype != "int8" or w.data is None or w.shape[3] != x.shape[3] or w.shape[0] < tiles.channels:
        return None
    _, kh, kw, depth = w.shape
    window = Window(kw, op.stride[1], op.dilation[1], depth)
    weights = _reorder(w.data, window, tiles.step)
    table = fit(weights, biases(site, weights), requantization(site.operands, op.activation))
    costs = {n: cost for n, cost in tiles.costs.items() if weights.shape[1] * n * 2 <= tiles.patch}
    if table is None or not tiles.accepts(table) or not costs:
        return None
    layer, constants = _layer(site, window, table, replace(tiles, costs=costs))
    taps = kh if kh > 1 or is_pointwise(site) else 2
    reach = Reach(taps, op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    return Kernel(
        _text(layer),
        constants,
        (*(_declaration(routine) for routine in layer.routines.values()), *((STRIP,) if layer.strip else ())),
        _up4(layer.patch) + _up4(layer.strip) + layer.edge,
        reaches=(reach,),
        routines=tuple(layer.routines.values()),
    )


def _reorder(weights: Array, window: Window, step: int) -> Array:
    """[O, K] in the order of the patch, with zeros to whole steps."""
    flat = weights.reshape(len(weights), -1)[:, window.order(weights.shape[1])]
    return np.pad(flat, ((0, 0), (0, -flat.shape[1] % step)))


def _layer(site: Site, window: Window, table: Channels, tiles: Tiles) -> tuple[_Layer, tuple[Constant, ...]]:
    x, op = site.input(0), site.op
    assert isinstance(op, Conv2D)
    outputs, even = len(table.bias), len(table.bias) // tiles.channels * tiles.channels
    positions = site.rows[1]
    runs, width = divide(positions, tiles.costs), positions if is_pointwise(site) else x.shape[2]
    most = max(run.positions for run in runs)
    padded = op.padding[2] > 0 or (runs[-1].end - 1) * window.stride + window.span(1) - op.padding[2] > width
    first, odd = tiles.encode(table, 0, even), outputs != even
    last = tiles.encode(table, outputs - tiles.channels, tiles.channels) if odd else b""
    layer = _Layer(
        site.symbol, window, w_rows(site), outputs, width, positions, op.padding[2], x.zero_point, runs,
        patch=2 * most * table.weights.shape[1],
        strip=window.span(most) * window.depth if padded else 0,
        edge=runs[-1].positions * outputs if runs[-1].end > positions else 0,
        last=len(first) if odd else 0,
        channels=tiles.channels,
        routines={n: tiles.routine(n, table) for n in sorted({run.positions for run in runs})},
    )  # fmt: skip
    parameters = [outputs, table.low, table.high, table.rounding, even // tiles.channels]
    constants = [
        Constant(site.local("stream"), np.frombuffer(first + last, np.uint8), 4, _STREAM),
        Constant(site.local("parameters"), np.array(parameters, np.int32), 4, _PARAMETERS),
    ]
    if odd:
        constants.append(Constant(site.local("last"), np.array([*parameters[:4], 1], np.int32), 4, _LAST))
    return layer, tuple(constants)


def w_rows(site: Site) -> int:
    return site.input(1).shape[1]


def _text(layer: _Layer) -> str:
    return "\n".join([*(_functions(layer, n) for n in layer.routines), _row(layer)])


def _functions(layer: _Layer, positions: int) -> str:
    column = f"at * {layer.window.stride}" if layer.window.stride > 1 else "at"
    column += f" - {layer.left}" if layer.left else ""
    name = layer.routines[positions].name
    calls = f"    {name}(patch, {layer.symbol}_stream, y, {layer.symbol}_parameters);\n"
    if layer.last:
        at = f"y + {layer.outputs - layer.channels}"
        calls += f"    {name}(patch, {layer.symbol}_stream + {layer.last}, {at}, {layer.symbol}_last);\n"
    main = _TILE.format(
        symbol=layer.symbol, positions=positions, column=column, calls=calls,
        strip_parameter=", int8_t *strip" if layer.strip else "", strip=", strip" if layer.strip else "",
    )  # fmt: skip
    return "\n".join(
        [
            gather(layer.symbol, layer.window, positions),
            patch(layer.symbol, layer.window, layer.rows, positions, layer.width, layer.fill, bool(layer.strip)),
            main,
        ]
    )


def _row(layer: _Layer) -> str:
    buffers = ""
    if layer.strip:
        buffers += f"    int8_t *const strip = (int8_t *)scratch + {_up4(layer.patch)};\n"
    if layer.edge:
        buffers += f"    int8_t *const edge = (int8_t *)scratch + {_up4(layer.patch) + _up4(layer.strip)};\n"
    return _ROW.format(symbol=layer.symbol, buffers=buffers, runs="".join(_run(layer, run) for run in layer.runs))


def _run(layer: _Layer, run: Run) -> str:
    beyond = layer.edge and run is layer.runs[-1]
    plain = run.count - 1 if beyond else run.count
    strip = ", strip" if layer.strip else ""
    call = f"{layer.symbol}_tile{run.positions}(x0, {{}}, {{}}, patch{strip});\n"
    text = ""
    if plain == 1:
        text += "    " + call.format(run.start, f"y0 + {run.start * layer.outputs}" if run.start else "y0")
    elif plain:
        end = run.start + plain * run.positions
        text += f"    for (int32_t at = {run.start}; at < {end}; at += {run.positions}) {{\n"
        text += "        " + call.format("at", f"y0 + at * {layer.outputs}") + "    }\n"
    if beyond:
        start = run.start + plain * run.positions
        rest = layer.positions - start
        text += "    " + call.format(start, "edge")
        text += f"    memcpy(y0 + {start * layer.outputs}, edge, {rest * layer.outputs}u);\n"
    return text


def _declaration(routine: Helper) -> Helper:
    return Helper(
        f"{routine.name}_declaration",
        "/* In the .S file: all output channels of a few positions. */\n"
        f"void {routine.name}(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters);\n",
    )


def _up4(size: int) -> int:
    return -(-size // 4) * 4
