"""Element-wise expressions with one scale and zero point per index of an axis."""

from __future__ import annotations

import numpy as np

from limen.program import Quant
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import contiguous, function, linear, loops, row_arguments, unused, whole_arguments
from limen.targets.c.ops._elementwise import fill
from limen.targets.c.ops._m_loops import merge


def per_channel(site: Site, text: str, quant: Quant, helpers: tuple[Helper, ...] = ()) -> Kernel:
    """The kernel of an expression of ``{0}``, ``{scale}`` and ``{zero}``; row form where the axis is the last."""
    shape, axis = site.output().shape, quant.axis
    assert axis is not None
    if 0 in shape:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    constants = [Constant(site.local("scale"), quant.scales, 4, f"Scale of each index of axis {axis}.")]
    if "{zero}" in text:
        zeros = quant.zero_points.astype(np.int32)
        constants.append(Constant(site.local("zero"), zeros, 4, f"Zero point of each index of axis {axis}."))
    last = axis == len(shape) - 1
    own = contiguous(shape)
    along = tuple(int(i == axis) for i in range(len(shape)))
    extents, columns = merge(shape, (own, along))
    strides, channel = columns
    source = "x0"
    if last:
        extents, strides, channel, source = (site.rows[1], shape[-1]), (shape[-1], 1), (0, 1), "in"
    places = {symbol: f"{site.local(symbol)}[{linear(0, channel)}]" for symbol in ("scale", "zero")}
    for symbol, place in places.items():
        text = text.replace(f"{{{symbol}}}", place)
    index = linear(0, strides)
    body = loops(extents, fill((f"{{y}} = {text};",), {0: f"{source}[{index}]"}, f"y0[{index}]"))
    if not last:
        return Kernel(function(site.symbol, whole_arguments(site), body), tuple(constants), helpers)
    lines = [f"const {c_type(site.input(0))} *const in = x0[0];", "", *body]
    kernel = function(f"{site.symbol}_row", row_arguments(site), lines)
    return Kernel(kernel, tuple(constants), helpers, reaches=(Reach(),), elementwise=True)
