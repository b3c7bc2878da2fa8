"""FullyConnected of int8 with SMLAD: four outputs at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from limen.ops.fully_connected import FullyConnected
from limen.targets.c._kernel import Constant, Kernel, Site
from limen.targets.c.kernels.armv7em._clamp import clamp
from limen.targets.c.kernels.armv7em._products import EXPAND, EXPAND_C, GROUP, product, product_stream
from limen.targets.c.kernels.armv7em._routines import MOST_UNROLLED, Form
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import (
    dual_scaling,
    form_of,
    has_halfwords,
    live_rows,
    pad_rows,
    uniform_scaling,
)
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
    if layer is None:
        return None
    uniform = uniform_scaling(layer)
    scaling = uniform or dual_scaling(layer)
    if scaling is None:
        return None
    rows = pad_rows(live_rows(layer, scaling), GROUP)
    if not has_halfwords(rows):
        return None
    form = form_of(scaling) if uniform is None else Form(scaling.shift, uniform=True)
    return _kernel(site, rows, layer.rows.shape[1], scaling, form, (layer.stairs.low, layer.stairs.high))


def _kernel(site: Site, rows: Int64, elements: int, scaling: Scaling, form: Form, limits: tuple[int, int]) -> Kernel:
    wide = elements % 8 != 0 or elements <= _MOST_EXPANDED
    few = site.small or rows.size < _FEW_WEIGHTS
    routine, declaration = product(rows.shape[1], form, wide, 4 if few else MOST_UNROLLED)
    outputs = len(rows)
    more = -outputs % GROUP
    full = outputs - outputs % GROUP
    padded, every = np.pad(rows, ((0, more), (0, 0))), _padded(scaling, more)
    parts = [part for part in (slice(0, full), slice(full, outputs + more)) if part.stop > part.start]
    streams = [product_stream(padded[part], _part(every, part), form) for part in parts]
    what = "biases, weights and rescaling, in reading order"
    lines, x, scratch = _widened(elements, rows.shape[1], "x0" if site.output().size == outputs else "x", wide)
    names = {"routine": routine.name, "symbol": site.symbol, "x": x}
    body = "".join(lines) + _calls(names, outputs, len(streams[0]) if full else 0, site.output().size != outputs)
    body = _indent(body, 4)
    if site.output().size != outputs:
        batch = site.output().size // outputs
        body = _ROWS.format(rows=batch, elements=elements, outputs=outputs, body=_indent(body, 4))
    finish = clamp("y0", site.output().size, *limits)
    text = _WHOLE.format(symbol=site.symbol, scratch=", void *scratch" if scratch else "", body=body + finish.text)
    return Kernel(
        text,
        (Constant(site.local("stream"), np.concatenate(streams), 4, what),),
        (*((EXPAND_C,) if wide else ()), declaration, *finish.helpers),
        scratch=scratch,
        routines=(*((EXPAND,) if wide else ()), routine, *finish.routines),
    )


def _widened(elements: int, padded: int, x: str, wide: bool) -> tuple[list[str], str, int]:
    """Statements that widen the input, what the routine reads then, and the bytes of scratch for it."""
    if not wide:
        return [], x, 0
    lines, scratch = [], padded * 2
    if elements % 4:
        lines.append(_COPY.format(at=scratch, elements=elements, x=x))
        scratch, x = scratch + padded, "bytes"
    return [*lines, f"limen_expand(scratch, {x}, {padded // 4});\n"], "scratch", scratch


def _calls(names: dict[str, str], outputs: int, used: int, rows: bool) -> str:
    """Statements for the groups of four outputs and for what is left.

    Args:
        used: words of the stream that the whole groups read.
        rows: one row of several.
    """
    y = "y" if rows else "y0"
    full = outputs - outputs % GROUP
    text = "{routine}({x}, {symbol}_stream, {y}, {y} + {full});\n".format(y=y, full=full, **names) if full else ""
    return text + (_REST.format(y=y, first=full, used=used, rest=outputs - full, **names) if outputs > full else "")


def _padded(scaling: Scaling, more: int) -> Scaling:
    """With channels of zeros at the end."""
    return replace(
        scaling,
        bias=np.pad(scaling.bias, (0, more)),
        multiplier=np.pad(scaling.multiplier, (0, more)),
        addend=np.pad(scaling.addend, (0, more)),
        prescale=np.pad(scaling.prescale, (0, more), constant_values=8),
    )


def _part(scaling: Scaling, part: slice) -> Scaling:
    """Of some channels."""
    return replace(
        scaling,
        bias=scaling.bias[part],
        multiplier=scaling.multiplier[part],
        addend=scaling.addend[part],
        prescale=scaling.prescale[part],
    )


def _indent(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.split("\n")[:-1])


EMIT = emit
