"""DepthwiseConv2D of int8 with SMLAD: 3x3 along columns, other windows tap by tap; of one channel it is a Conv2D."""

from __future__ import annotations

import numpy as np

from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Reach, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._columns import scaled
from limen.targets.c.kernels.armv7em._depthwise import BLOCK, Shape, depthwise_row
from limen.targets.c.kernels.armv7em._routines import Form
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling, channel_prescale, fit, fit_apart
from limen.targets.c.kernels.armv7em._stream import live_rows, pad_rows, words
from limen.targets.c.kernels.armv7em._taps import taps_routine, taps_stream
from limen.targets.c.kernels.armv7em._weighted import Weighted, convolution, is_int8
from limen.targets.c.kernels.armv7em._window import TAPS, window_constant
from limen.targets.c.kernels.armv7em.conv2d import all_lines, channel_passes, convolve

_MOST_PRESCALE = 8
_GROUP = 4

_ROW = """\
static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    {routine}(x0, {symbol}_stream, y0, scratch, {groups});
{rest}{finish}}}
"""
_REST = """\
    const int8_t *const last[3] = {{x0[0] + {first}, x0[1] + {first}, x0[2] + {first}}};
    {routine}(last, {symbol}_stream + {words}, y0 + {first}, scratch, 1);
"""


_TAPS = """\
{window}
static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < {width}; ++x) {{
        limen_window_taps(taps, x0, {symbol}_padding, {at}, &{symbol}_window);
        {routine}(taps, {symbol}_stream, 0, {whole}, y0 + x * {channels});
{rest}    }}
{finish}}}
"""
_TAPS_REST = """\
        {routine}(taps, {symbol}_stream + {used}, {first}, {channels}, y0 + x * {channels});
"""


def emit(site: Site) -> Kernel | None:
    op = site.op
    assert isinstance(op, DepthwiseConv2D)
    if not is_int8(site):
        return None
    x, w = site.input(0), site.input(1)
    assert w.data is not None
    channels, filters = x.shape[3], w.shape[3]
    rows = w.data.reshape(-1, filters).T.astype(np.int64)
    reach = Reach(w.shape[1], op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    if channels == 1:
        along = (op.stride[1], op.dilation[1], op.padding[2])
        return convolve(site, rows, (w.shape[1], w.shape[2], 1), reach, along, op.activation)
    if channels != filters or channels < _GROUP:
        return None
    layer = convolution(site, rows, op.activation)
    if layer is None:
        return None
    scaling, shifts = fit(layer.stairs, channel_prescale(layer.stairs, _MOST_PRESCALE)), None
    if scaling is None:
        apart = fit_apart(layer.stairs, _MOST_PRESCALE)
        if apart is None:
            return None
        scaling, shifts = apart
    shape = Shape(channels, x.shape[2], site.output().shape[2], op.stride[1], op.padding[2], x.zero_point)
    narrow = w.shape[1:3] == (3, 3) and op.dilation[1] == 1 and op.stride[1] <= 2
    if shifts is None and narrow and shape.fits and not site.small:
        return _along_columns(site, shape, layer, scaling, reach)
    return _tap_by_tap(site, (w.shape[1], w.shape[2], op.dilation[1]), layer, scaling, shifts, reach)


def _tap_by_tap(
    site: Site, taps: tuple[int, int, int], layer: Weighted, scaling: Scaling, shifts: Int64 | None, reach: Reach
) -> Kernel:
    """Any window.

    Args:
        taps: kh, kw and the dilation along a row.
        shifts: of the channels, where they do not share one.
    """
    x, op = site.input(0), site.op
    assert isinstance(op, DepthwiseConv2D)
    rows = pad_rows(live_rows(layer, scaling), 2)
    channels, width = x.shape[3], site.output().shape[2]
    form = Form(0 if shifts is not None else scaling.shift, scaling.bend is not None)
    routine, declaration = taps_routine(rows.shape[1] // 2, form)
    groups = channel_passes(0, channels, _GROUP)
    whole = channels // _GROUP * _GROUP
    stream = taps_stream(rows, scaling, shifts, groups)
    names = {"routine": routine.name, "symbol": site.symbol, "channels": channels}
    rest = ""
    if channels % _GROUP:
        used = len(stream) // len(groups) * (len(groups) - 1)
        rest = _TAPS_REST.format(used=used, first=channels - _GROUP, **names)
    finish = clamp("y0", width * channels, layer.stairs.low, layer.stairs.high)
    window = window_constant(site.symbol, taps[:2], taps[2], x.shape[2], channels, channels // 4)
    text = _TAPS.format(
        window=window, at=scaled("x", op.stride[1], op.padding[2]), width=width, whole=whole, rest=rest,
        finish=finish.text, **names,
    )  # fmt: skip
    padding = Constant(site.local("padding"), np.full(channels, x.zero_point, np.int8), 4, "outside the input")
    kernel = Kernel(
        text,
        (Constant(site.local("stream"), stream, 4, "biases, weights and rescaling by four channels"), padding),
        (TAPS, declaration, *finish.helpers),
        scratch=rows.shape[1] * 4 + 4,
        reaches=(reach,),
        routines=(routine, *finish.routines),
    )
    flat = site.rows[0] == 1 and site.rows[1] != width
    return all_lines(site, width, x.shape[2] * channels, kernel) if flat else kernel


def _along_columns(site: Site, shape: Shape, layer: Weighted, scaling: Scaling, reach: Reach) -> Kernel:
    form = Form(scaling.shift, scaling.bend is not None)
    routine, declaration = depthwise_row(shape, form)
    channels = list(range(shape.channels // _GROUP * _GROUP))
    rest = ""
    if shape.channels % _GROUP:
        first = shape.channels - _GROUP
        used = len(channels) * (9 if form.bent else 8)
        rest = _REST.format(first=first, routine=routine.name, symbol=site.symbol, words=used)
        channels += range(first, shape.channels)
    stream = Constant(
        site.local("stream"), _stream(layer, scaling, channels), 4, "weights, bias and rescaling by channel"
    )
    finish = clamp("y0", shape.width * shape.channels, layer.stairs.low, layer.stairs.high)
    text = _ROW.format(
        symbol=site.symbol, routine=routine.name, groups=shape.channels // _GROUP, rest=rest, finish=finish.text
    )
    return Kernel(
        text,
        (stream,),
        (declaration, *finish.helpers),
        scratch=shape.blocks * BLOCK,
        reaches=(reach,),
        routines=(routine, *finish.routines),
    )


def _stream(layer: Weighted, scaling: Scaling, channels: list[int]) -> Array:
    """Of each channel: weights in pairs as the routine meets them, times 2**prescale; bias, rescaling, bend."""
    rows: Int64 = live_rows(layer, scaling) << scaling.prescale[:, None]
    parts = []
    for c in channels:
        w = rows[c].reshape(3, 3)
        pairs = np.array([*((w[0, x], w[1, x]) for x in range(3)), (w[2, 0], w[2, 1]), (w[2, 1], w[2, 2])])
        tail = [int(scaling.bias[c] << scaling.prescale[c]), int(scaling.multiplier[c]), int(scaling.addend[c])]
        tail += [] if scaling.bend is None else [int(scaling.bend[c])]
        parts.append(pairs.astype("<i2").tobytes() + words(tail))
    return np.frombuffer(b"".join(parts), "<i4")


EMIT = emit
