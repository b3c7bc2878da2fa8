"""Conv2D of int8 with SMLAD: two output positions and two output channels at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

import numpy as np

from limen.ops.conv2d import Conv2D
from limen.program import Activation, Array
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._columns import Columns, Window, columns
from limen.targets.c.kernels.armv7em._gemm import gemm, gemm_one
from limen.targets.c.kernels.armv7em._quad import quad, quad_of_any, quad_one, quad_stream, wide_quad_stream
from limen.targets.c.kernels.armv7em._routines import Form
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import (
    dual_scaling,
    form_of,
    has_halfwords,
    live_rows,
    pad_rows,
    pair_stream,
    wide_scaling,
    wide_stream,
)
from limen.targets.c.kernels.armv7em._weighted import Weighted, convolution, is_int8

_LARGEST_COLUMN = 4096
_FEW_WEIGHTS = 2304
_MANY_CHANNELS = 16
_BUSY = 400_000  # multiply-accumulates

_ROW = """\
{columns}static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < {even}; a += 2) {{
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * {outputs};
        int8_t *const at_b = y0 + b * {outputs};
{body}    }}
{last}{finish}}}
"""
_LINES = """
static void {symbol}_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{{
    for (int32_t n = 0; n < {lines}; ++n) {{
        const int8_t *const line[1] = {{x0[0] + n * {line_in}}};
        {symbol}_line(line, y0 + n * {line_out}, scratch);
    }}
}}
"""
_LAST = """\
    {{
        const int32_t a = {even};
        const int32_t b = {even};
        int8_t *const at_a = y0 + a * {outputs};
{body}    }}
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
    reach = Reach(w.shape[1], op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    rows = w.data.reshape(w.shape[0], -1).astype(np.int64)
    taps = (w.shape[1], w.shape[2], w.shape[3])
    return convolve(site, rows, taps, reach, (op.stride[1], op.dilation[1], op.padding[2]), op.activation)


def convolve(
    site: Site,
    weights: Int64,
    taps: tuple[int, int, int],
    reach: Reach,
    along: tuple[int, int, int],
    activation: Activation,
) -> Kernel | None:
    """A convolution, or None.

    Args:
        weights: [O, K], elements in the order of taps and channels.
        taps: (kh, kw, input channels of a group).
        along: stride, dilation and padding along a row.
    """
    x, channels = site.input(0), site.input(0).shape[3]
    groups = channels // taps[2]
    if len(weights) // groups < 2 or weights.shape[1] > _LARGEST_COLUMN:
        return None
    layer = convolution(site, weights, activation)
    dense = _dense(layer, site.small) if layer is not None else None
    if dense is None:
        return None
    flat = site.rows[0] == 1 and site.rows[1] != site.output().shape[2]
    window = Window(taps[0], taps[1], *along, x.shape[2], site.output().shape[2], channels, taps[2], x.zero_point)
    if not flat:
        return _kernel(site, window, dense, groups, reach)
    if window.pointwise:
        longer = replace(window, width_in=x.size // channels, width=site.rows[1])
        return _kernel(site, longer, dense, groups, reach)
    kernel = _kernel(site, window, dense, groups, reach)
    return all_lines(site, window.width, window.width_in * window.channels, kernel)


def all_lines(site: Site, width: int, line_in: int, kernel: Kernel) -> Kernel:
    """A kernel of one row of taps, for all rows at once: windows reach aside, so the rows are not one long one.

    Args:
        width: positions of an output row.
        line_in: elements of an input row.
    """
    text = kernel.text.replace(f"{site.symbol}_row(", f"{site.symbol}_line(") + _LINES.format(
        symbol=site.symbol, lines=site.rows[1] // width, line_in=line_in, line_out=width * site.output().shape[3]
    )
    return replace(kernel, text=text)


@dataclass(frozen=True, eq=False)
class Dense:
    """Weights and scaling, ready for a routine.

    Args:
        rows: [O, K], K a multiple of 4.
        wide: weights are int16; else two channels share a halfword.
        limits: of the activation.
    """

    rows: Int64
    scaling: Scaling
    wide: bool
    limits: tuple[int, int]

    @property
    def form(self) -> Form:
        return Form(self.scaling.shift, self.scaling.bend is not None) if self.wide else form_of(self.scaling)

    def together(self, count: int) -> int:
        """Output channels a pass, for ``count`` of them; the last pass may repeat some of the one before."""
        return 4 if count % 4 == 0 or count >= _MANY_CHANNELS else 2

    def routines(self, together: int, busy: bool, small: bool) -> tuple[tuple[Helper, Helper], tuple[Helper, Helper]]:
        """For two positions, and for one; one for both where flash is short.

        Args:
            busy: worth the flash of long unrolled loops.
        """
        elements = self.rows.shape[1]
        if together == 4 and small:
            return (quad_of_any(self.form, self.wide),) * 2
        if together == 4:
            most = 32 if busy else 10
            return quad(elements, self.form, self.wide, most), quad_one(elements, self.form, self.wide)
        return gemm(elements, self.form, self.wide), gemm_one(elements, self.form, self.wide)

    def stream(self, passes: list[range]) -> Array:
        """Of passes of output channels."""
        if len(passes[0]) == 4:
            quads = [(p[0], p[1], p[2], p[3]) for p in passes]
            if self.wide:
                return wide_quad_stream(self.rows, self.scaling, quads)
            return quad_stream(self.rows, self.scaling, self.form, quads)
        pairs = [(p[0], p[1]) for p in passes]
        return (wide_stream if self.wide else pair_stream)(self.rows, self.scaling, self.form, pairs)


def _dense(layer: Weighted, small: bool) -> Dense | None:
    """Wide for few weights and where channels do not fit halfwords; else dual."""
    few = layer.rows.size <= _FEW_WEIGHTS and not small
    for wide in (True, False) if few else (False, True):
        scaling = wide_scaling(layer) if wide else dual_scaling(layer)
        if scaling is None:
            continue
        rows = pad_rows(live_rows(layer, scaling), 4)
        if wide or has_halfwords(rows):
            return Dense(rows, scaling, wide, (layer.stairs.low, layer.stairs.high))
    return None


def _kernel(site: Site, window: Window, dense: Dense, groups: int, reach: Reach) -> Kernel:
    outputs = len(dense.rows)
    count = outputs // groups
    gathered = columns(site, window)
    dense = dense if gathered.order is None else replace(dense, rows=_reordered(dense.rows, gathered.order))
    together = dense.together(count)
    streams = [dense.stream(channel_passes(g * count, count, together)) for g in range(groups)]
    busy = not site.small and site.op.cost(site.operands).macs >= _BUSY
    made = dense.routines(together, busy, site.small)
    used = made[: 1 + window.width % 2] if window.width > 1 else made[1:]
    sizes = {"symbol": site.symbol, "count": count, "groups": groups, "words": len(streams[0]), "depth": window.depth}
    sizes["together"] = together
    sizes["any"] = f", columns + {dense.rows.shape[1]}" if together == 4 and site.small else ""
    even = window.width // 2 * 2
    settled = replace(gathered, call=_settled(gathered.call, window))
    last = _LAST.format(even=even, outputs=outputs, body=_body(settled, made[1][0].name, False, sizes))
    body = _body(gathered, made[0][0].name, True, sizes)
    finish = clamp("y0", window.width * outputs, *dense.limits)
    text = _ROW.format(
        columns=gathered.text + "\n" if gathered.text else "", symbol=site.symbol, even=even, outputs=outputs,
        body=body, last=last if window.width % 2 else "", finish=finish.text,
    )  # fmt: skip
    if window.width == 1:
        begin, end = text.index("    for (int32_t a"), text.index(last)
        text = text[:begin] + text[end:]
    what = "biases, weights and rescaling, in reading order"
    return Kernel(
        text,
        (Constant(site.local("stream"), np.concatenate(streams), 4, what), *gathered.constants),
        (*gathered.helpers, *(declaration for _, declaration in used), *finish.helpers),
        scratch=gathered.scratch,
        reaches=(reach,),
        routines=(*gathered.routines, *(routine for routine, _ in used), *finish.routines),
    )


def _reordered(rows: Int64, order: list[int]) -> Int64:
    return np.pad(rows[:, order], ((0, 0), (0, rows.shape[1] - len(order))))


def _settled(call: str, window: Window) -> str:
    """What fills the columns at the last position of a row, where it is known whether the window lies inside."""
    condition, _, branches = call.partition(" {\n")
    if not condition.startswith("if ("):
        return call
    inside, _, outside = branches.partition("} else {\n")
    begin, end = window.inside
    return dedent(inside if begin <= window.width - 1 < end else outside.removesuffix("}")).rstrip("\n")


def _body(gathered: Columns, name: str, two: bool, sizes: dict[str, Any]) -> str:
    """C that fills the columns and computes two positions, or one."""
    count, groups = sizes["count"], sizes["groups"]
    stream, plus = (f"{sizes['symbol']}_stream", "") if groups == 1 else ("stream", " + output")
    together = sizes["together"]
    whole = count // together * together
    calls = [(stream, plus, f"{plus} + {whole}")]
    if count > whole:
        # the last pass repeats channels of the one before
        skipped = sizes["words"] * (count // together) // (count // together + 1)
        calls += [(f"{stream} + {skipped}", f"{plus} + {count - together}", f"{plus} + {count}")]
    lines = [gathered.call]
    for data, first, end in calls:
        second = f" at_b{first}," if two else f" at_a{first}," if sizes["any"] else ""
        lines.append(f"{name}(columns, {data}, at_a{first},{second} at_a{end}{sizes['any']});")
    body = "\n".join(lines)
    if groups > 1:
        body = _GROUP.format(group_outputs=count, body=_indent(body, 4), **sizes).rstrip("\n")
    return _indent(body, 8)


def channel_passes(first: int, count: int, together: int) -> list[range]:
    """Output channels of each pass; the last one ends with the last channel."""
    whole = [range(o, o + together) for o in range(first, first + count - together + 1, together)]
    return [*whole, range(first + count - together, first + count)] if count % together else whole


def _indent(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.split("\n"))


EMIT = emit
