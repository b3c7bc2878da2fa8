"""Conv2D in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops._weighted import requantization
from limen.ops.conv2d import Conv2D
from limen.targets.c._kernel import Constant, Kernel, Reach, Site, refuse
from limen.targets.c.ops._requantize import CLAMP, RESCALE

_ROW = """\
static void {symbol}_row(const int8_t *const *x0, int8_t *y0)
{{
    for (int32_t x = 0; x < {width}; ++x) {{
        for (int32_t o = 0; o < {outputs}; ++o) {{
            const int8_t *w = {symbol}_weights + o * {per_output};
            int32_t acc = {symbol}_bias[o];
            for (int32_t ky = 0; ky < {kh}; ++ky) {{
                for (int32_t kx = 0; kx < {kw}; ++kx) {{
                    const int32_t at = x * {stride} - {left} + kx * {dilation};
                    for (int32_t c = 0; c < {depth}; ++c) {{
                        const int32_t v = (at >= 0 && at < {width_in}) ? x0[ky][at * {channels} + c] : {zero};
                        acc += v * w[c];
                    }}
                    w += {depth};
                }}
            }}
            acc = limen_rescale(acc, {symbol}_multiplier[o], {symbol}_shift[o]) + {zero_out};
            y0[x * {outputs} + o] = (int8_t)limen_clamp(acc, {low}, {high});
        }}
    }}
}}
"""


def emit(site: Site) -> Kernel:
    x, w, output = site.input(0), site.input(1), site.output()
    op = site.op
    assert isinstance(op, Conv2D)
    if x.dtype != "int8" or w.data is None or w.shape[3] != x.shape[3]:
        raise refuse(site, f"with {x.dtype} input")
    rescale = requantization(site.operands, op.activation)
    count, kh, kw, depth = w.shape
    sums = w.data.astype(np.int64).sum(axis=(1, 2, 3))
    bias_tensor = site.optional(2)
    bias = np.zeros(count, np.int64) if bias_tensor is None else np.asarray(bias_tensor.data, np.int64)
    constants = (
        Constant(site.local("weights"), w.data, comment="[output channel][ky][kx][input channel]"),
        Constant(
            site.local("bias"), (bias - x.zero_point * sums).astype(np.int32), comment="less the zero point's share"
        ),
        Constant(site.local("multiplier"), np.broadcast_to(rescale.factor.mantissa, count).astype(np.int32)),
        Constant(site.local("shift"), np.broadcast_to(rescale.factor.shift, count).astype(np.int32)),
    )
    text = _ROW.format(
        symbol=site.symbol, width=site.rows[1], outputs=count, per_output=kh * kw * depth, kh=kh, kw=kw,
        stride=op.stride[1], left=op.padding[2], dilation=op.dilation[1], depth=depth, channels=depth,
        width_in=x.shape[2] if site.rows[0] > 1 else x.size // depth, zero=x.zero_point, zero_out=output.zero_point,
        low=rescale.low, high=rescale.high,
    )  # fmt: skip
    reach = Reach(kh, op.stride[0], op.padding[0], op.dilation[0], x.zero_point)
    return Kernel(text, constants, (RESCALE, CLAMP), reaches=(reach,))


EMIT = emit
