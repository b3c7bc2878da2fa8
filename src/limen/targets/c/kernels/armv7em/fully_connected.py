"""FullyConnected of int8 with SMLAD: four outputs at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._products import EXPAND, EXPAND_C, GROUP, product, product_stream
from limen.targets.c.kernels.armv7em._routines import MOST_UNROLLED
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import dual_scaling, form_of, has_halfwords, live_rows, pad_rows
from limen.targets.c.kernels.armv7em._weighted import is_int8
from limen.targets.c.kernels.armv7em._weighted import product as connected

_MOST_EXPANDED = 256
_FEW_WEIGHTS = 4096

_WHOLE = """\
static void {symbol}(const int8_t *x0, int8_t *y0{scratch})
{{
{body}}}
"""
_ROWS = """\
    for (int32_t n = 0; n < {rows}; ++n) {{
        const int8_t *const x = x0 + n * {elements};
        int8_t *const y = y0 + n * {outputs};
{body}    }}
"""
_REST = """\
int8_t rest[4];
{routine}({x}, {symbol}_stream + {used}, rest, rest + 4);
for (int32_t i = 0; i < {rest}; ++i) {{
    {y}[{first} + i] = rest[i];
}}
"""
_COPY = """\
int8_t *const bytes = (int8_t *)scratch + {at};
for (int32_t i = 0; i < {elements}; ++i) {{
    bytes[i] = {x}[i];
}}
"""


def emit(site: Site) -> Kernel | None:
    op = site.op
    assert isinstance(op, FullyConnected)
    if not is_int8(site):
        return None
    layer = connected(site, op.activation)
    scaling = dual_scaling(layer) if layer is not None else None
    if layer is None or scaling is None:
        return None
    rows = pad_rows(live_rows(layer, scaling), GROUP)
    if not has_halfwords(rows):
        return None
    return _kernel(site, rows, layer.rows.shape[1], scaling, (layer.stairs.low, layer.stairs.high))


def _kernel(site: Site, rows: Int64, elements: int, scaling: Scaling, limits: tuple[int, int]) -> Kernel:
    form = form_of(scaling)
    wide = elements % 8 != 0 or elements <= _MOST_EXPANDED
    few = site.small or rows.size < _FEW_WEIGHTS
    routine, declaration = product(rows.shape[1], form, wide, 4 if few else MOST_UNROLLED)
    outputs = len(rows)
    more = -outputs % GROUP
    stream = product_stream(np.pad(rows, ((0, more), (0, 0))), _padded(scaling, more), form)
    batch = site.output().size // outputs
    x, y = ("x0", "y0") if batch == 1 else ("x", "y")
    lines, scratch = [], 0
    if wide:
        scratch = rows.shape[1] * 2
        if elements % 4:
            lines.append(_COPY.format(at=scratch, elements=elements, x=x))
            scratch, x = scratch + rows.shape[1], "bytes"
        lines.append(f"limen_expand(scratch, {x}, {rows.shape[1] // 4});\n")
        x = "scratch"
    full = outputs - outputs % GROUP
    if full:
        lines.append(f"{routine.name}({x}, {site.symbol}_stream, {y}, {y} + {full});\n")
    if more:
        used = len(stream) * full // (outputs + more)
        lines.append(
            _REST.format(routine=routine.name, x=x, y=y, symbol=site.symbol, used=used, rest=outputs - full, first=full)
        )
    body = _indent("".join(lines), 4)
    if batch > 1:
        body = _ROWS.format(rows=batch, elements=elements, outputs=outputs, body=_indent(body, 4))
    finish = clamp("y0", batch * outputs, *limits)
    text = _WHOLE.format(symbol=site.symbol, scratch=", void *scratch" if scratch else "", body=body + finish.text)
    return Kernel(
        text,
        (Constant(site.local("stream"), stream, 4, "biases, weights and rescaling, in reading order"),),
        (*((EXPAND_C,) if wide else ()), declaration, *finish.helpers),
        scratch=scratch,
        routines=(*((EXPAND,) if wide else ()), routine, *finish.routines),
    )


def _padded(scaling: Scaling, more: int) -> Scaling:
    """With channels of zeros at the end."""
    return replace(
        scaling,
        bias=np.pad(scaling.bias, (0, more)),
        multiplier=np.pad(scaling.multiplier, (0, more)),
        addend=np.pad(scaling.addend, (0, more)),
        prescale=np.pad(scaling.prescale, (0, more), constant_values=8),
    )


def _indent(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.split("\n")[:-1])


EMIT = emit
