"""Depthwise convolution in portable C: channels in fours, all taps of a window for each."""

from __future__ import annotations

from limen.targets.c._kernel import Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import function
from limen.targets.c.ops._wconv import (
    EDGE,
    INSIDE,
    Geometry,
    Lines,
    accumulators,
    blocks,
    counted,
    indented,
    row_function,
    store,
    times,
)
from limen.targets.c.ops._weighted import Weighted
from limen.targets.c.ops._wfinish import Finish


def depthwise(site: Site, numbers: Weighted, made: Finish, g: Geometry, reach: Reach) -> Kernel:
    """The kernel for weights [kh, kw, C * M]; channel c * M + m is filter m of input channel c."""
    parts = [made.text] if made.text else []
    if g.interior[0] < g.interior[1]:
        parts.append(_position(site, numbers, made, g, edge=False))
    if g.edges:
        parts.append(_position(site, numbers, made, g, edge=True))
    row, table = row_function(site, g)
    constants = (*numbers.constants(numbers.weights, "[ky][kx][channel]"), *made.constants, *table)
    return Kernel("\n".join([*parts, row]), constants, made.helpers, reaches=(reach,))


def _position(site: Site, numbers: Weighted, made: Finish, g: Geometry, edge: bool) -> str:
    copies = g.filters // g.channels
    pads = edge and numbers.zero != 0

    def body(block: int, at: str) -> Lines:
        source = f"x0[ky] + at + {at if copies == 1 else 'c'}"
        row = [f"const {c_type(site.input(0))} *x = {source};", *_columns(numbers, g, block, edge, pads)]
        return [
            f"const {numbers.weight_type} *w = {numbers.weight_symbol} + {at};",
            *accumulators(numbers, block, at, pads),
            *counted("ky", str(g.kernel[0]), row),
            *store(made, block, at, numbers.zero if pads else 0),
        ]

    if copies == 1:
        lines = blocks(g.filters, body)
    else:
        lines = [f"for (int32_t c = 0; c < {g.channels}; ++c) {{"]
        lines += [*indented(blocks(copies, body, f"c * {copies} + ")), "}"]
    kind = c_type(site.input(0))
    arguments = [f"const {kind} *const *x0", "int32_t at", *(["int32_t from", "int32_t to"] if edge else [])]
    text = function(f"{site.symbol}_{'edge' if edge else 'inside'}", [*arguments, f"{c_type(site.output())} *y"], lines)
    return EDGE + text if edge else INSIDE + text.replace("static void", "static inline void", 1)


def _columns(numbers: Weighted, g: Geometry, block: int, edge: bool, pads: bool) -> Lines:
    copies = g.filters // g.channels
    kind = "float" if numbers.is_float else "int32_t"
    if copies == 1:
        products = [f"acc{j} += x[{j}] * w[{j}];" for j in range(block)]
    else:
        products = [f"const {kind} v = x[0];", *(f"acc{j} += v * w[{j}];" for j in range(block))]
    step = [f"x += {g.dilation * g.channels};", f"w += {g.filters};"]
    if not edge:
        return counted("kx", str(g.kernel[1]), [*products, *step])
    inside = ["for (int32_t kx = from; kx < to; ++kx) {", *indented([*products, *step]), "}"]
    width = g.kernel[1]
    if not pads:
        before, after = times("from", g.filters), times(f"{width} - to", g.filters)
        return [f"w += {before};", *inside, f"w += {after};"]
    outside = [*(f"pad{j} += w[{j}];" for j in range(block)), f"w += {g.filters};"]
    first = counted("kx", "from", outside)
    last = [f"for (int32_t kx = to; kx < {width}; ++kx) {{", *indented(outside), "}"]
    return [*first, *inside, *last]
