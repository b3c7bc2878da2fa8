"""DepthwiseConv2D of int8, 3x3, with SMLAD along columns; of one input channel it is a Conv2D."""

from __future__ import annotations

import numpy as np

from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Reach, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._depthwise import BLOCK, Shape, depthwise_row
from limen.targets.c.kernels.armv7em._routines import Form
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling, channel_prescale, fit
from limen.targets.c.kernels.armv7em._stream import live_rows, words
from limen.targets.c.kernels.armv7em._weighted import Weighted, convolution, is_int8

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


def emit(site: Site) -> Kernel | None:
    op = site.op
    assert isinstance(op, DepthwiseConv2D)
    if not is_int8(site):
        return None
    x, w = site.input(0), site.input(1)
    assert w.data is not None
    channels, filters = x.shape[3], w.shape[3]
    three = w.shape[1:3] == (3, 3) and op.dilation[1] == 1 and op.stride[1] <= 2
    if not three or channels != filters or channels < _GROUP or site.rows[1] != site.output().shape[2]:
        return None
    rows = w.data.reshape(-1, filters).T.astype(np.int64)
    layer = convolution(site, rows, op.activation)
    scaling = fit(layer.stairs, channel_prescale(layer.stairs, _MOST_PRESCALE)) if layer is not None else None
    if layer is None or scaling is None:
        return None
    shape = Shape(channels, x.shape[2], site.rows[1], op.stride[1], op.padding[2], x.zero_point)
    if not shape.fits:
        return None
    reach = Reach(3, op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    return _kernel(site, shape, layer, scaling, reach)


def _kernel(site: Site, shape: Shape, layer: Weighted, scaling: Scaling, reach: Reach) -> Kernel:
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
