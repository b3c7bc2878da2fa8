"""DepthwiseConv2D in portable C."""

from __future__ import annotations

from dataclasses import replace

from limen.ops.depthwise_conv2d import DepthwiseConv2D
from limen.targets.c._kernel import Kernel, Site
from limen.targets.c.ops._wconv import geometry, rows_read
from limen.targets.c.ops._wdepthwise import depthwise
from limen.targets.c.ops._weighted import finish, weighted


def emit(site: Site) -> Kernel:
    """float32, int8, uint8 and int16 (16x8) with constant weights."""
    op, x, w = site.op, site.input(0), site.input(1)
    assert isinstance(op, DepthwiseConv2D)
    numbers = weighted(site, 3, w.zero_point if w.dtype == "uint8" else 0)
    numbers = replace(numbers, weights=numbers.weights[0])
    g = geometry(site, (w.shape[1], w.shape[2]), op.stride, op.dilation, op.padding)
    reach = rows_read(w.shape[1], op.stride[0], op.dilation[0], op.padding, x.zero_point)
    return depthwise(site, numbers, finish(site, numbers, op.activation), g, reach)


EMIT = emit
