"""Conv2D of int8 with SMLAD: two output positions and two output channels at a time."""

from __future__ import annotations

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.targets.c._kernel import Constant, Kernel, Reach, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._columns import Columns, Window, columns
from limen.targets.c.kernels.armv7em._routines import gemm
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import (
    dual_scaling,
    form_of,
    has_halfwords,
    live_rows,
    pad_rows,
    pair_stream,
)
from limen.targets.c.kernels.armv7em._weighted import convolution, is_int8

_LARGEST_COLUMN = 4096

_ROW = """\
{columns}static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < {width}; a += 2) {{
        const int32_t b = {next};
        int8_t *const at_a = y0 + a * {outputs};
        int8_t *const at_b = y0 + b * {outputs};
{body}    }}
{finish}}}
"""
_GROUP = """\
for (int32_t group = 0; group < {groups}; ++group) {{
    const int32_t first = group * {depth};
    const int32_t *const stream = {symbol}_stream + group * {words};
    const int32_t output = group * {group_outputs};
{body}}}
"""


def emit(site: Site) -> Kernel | None:
    op = site.op
    assert isinstance(op, Conv2D)
    if not is_int8(site):
        return None
    x, w = site.input(0), site.input(1)
    assert w.data is not None
    count, taps_y, taps_x, depth = w.shape
    channels = x.shape[3]
    groups = channels // depth
    if count // groups < 2 or taps_y * taps_x * depth > _LARGEST_COLUMN:
        return None
    layer = convolution(site, w.data.reshape(count, -1).astype(np.int64), op.activation)
    scaling = dual_scaling(layer) if layer is not None else None
    if layer is None or scaling is None:
        return None
    rows = pad_rows(live_rows(layer, scaling), 4)
    if not has_halfwords(rows):
        return None
    flat = site.rows[0] == 1 and site.rows[1] != site.output().shape[2]
    width_in = x.size // channels if flat else x.shape[2]
    window = Window(
        taps_y, taps_x, op.stride[1], op.dilation[1], op.padding[2], width_in, site.rows[1], channels, depth,
        x.zero_point,
    )  # fmt: skip
    reach = Reach(taps_y, op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    return _kernel(site, window, rows, scaling, groups, reach, (layer.stairs.low, layer.stairs.high))


def _kernel(
    site: Site, window: Window, rows: Int64, scaling: Scaling, groups: int, reach: Reach, limits: tuple[int, int]
) -> Kernel:
    count = len(rows) // groups
    form = form_of(scaling)
    routine, declaration = gemm(rows.shape[1], form)
    gathered = columns(site, window)
    pairs = channel_pairs(count)
    streams = [
        pair_stream(rows, scaling, form, [(g * count + low, g * count + high) for low, high in pairs])
        for g in range(groups)
    ]
    stream = Constant(site.local("stream"), np.concatenate(streams), 4, "biases, weights and rescaling, in reading order")
    finish = clamp("y0", window.width * len(rows), *limits)
    text = _ROW.format(
        columns=gathered.text + "\n" if gathered.text else "", symbol=site.symbol, width=window.width,
        next="a + 1" if window.width % 2 == 0 else f"a + 1 < {window.width} ? a + 1 : a",
        outputs=len(rows), body=_body(site, window, gathered, routine.name, count, groups, len(streams[0])),
        finish=finish.text,
    )  # fmt: skip
    return Kernel(
        text,
        (stream, *gathered.constants),
        (*gathered.helpers, declaration, *finish.helpers),
        scratch=gathered.scratch,
        reaches=(reach,),
        routines=(*gathered.routines, routine, *finish.routines),
    )


def _body(site: Site, window: Window, gathered: Columns, name: str, count: int, groups: int, words: int) -> str:
    """C of one pair of positions."""
    stream, plus = (f"{site.symbol}_stream", "") if groups == 1 else ("stream", " + output")
    even = count // 2 * 2
    lines = [gathered.call, f"{name}(columns, {stream}, at_a{plus}, at_b{plus}, at_a{plus} + {even});"]
    if count % 2:
        # the last channel is computed with its neighbour once more
        used = words * (count // 2) // (count // 2 + 1)
        last = f"{plus} + {count - 2}"
        lines += [f"{name}(columns, {stream} + {used}, at_a{last}, at_b{last}, at_a{plus} + {count});"]
    body = "\n".join(lines)
    if groups > 1:
        body = _GROUP.format(
            groups=groups, depth=window.depth, symbol=site.symbol, words=words, group_outputs=count,
            body=_indent(body, 4),
        ).rstrip("\n")  # fmt: skip
    return _indent(body, 8)


def channel_pairs(count: int) -> list[tuple[int, int]]:
    """Neighbours; an odd last channel with its neighbour again."""
    pairs = [(o, o + 1) for o in range(0, count - 1, 2)]
    return pairs + [(count - 2, count - 1)] if count % 2 else pairs


def _indent(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.split("\n"))


EMIT = emit
