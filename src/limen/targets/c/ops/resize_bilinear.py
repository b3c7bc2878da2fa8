"""ResizeBilinear in portable C: float32 and uint8 interpolate in float32, int8 and int16 with 10 fractional bits."""

from __future__ import annotations

import numpy as np

from limen.ops.resize_bilinear import ResizeBilinear
from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Site, c_type
from limen.targets.c.ops._wconv import Lines
from limen.targets.c.ops._wresize import offsets, over_pixels


def emit(site: Site) -> Kernel:
    """float32, int8, uint8, int16."""
    op, x = site.op, site.input(0)
    assert isinstance(op, ResizeBilinear)
    _, height, width, channels = x.shape
    integer = x.dtype in ("int8", "int16")
    places = op._fixed_places if integer else op._places
    rows = _axis(site, "row", places(height, op.size[0]), width * channels, integer)
    columns = _axis(site, "column", places(width, op.size[1]), channels, integer)
    text = over_pixels(site, _row(site, rows, integer), _pixel(site, columns, integer))
    return Kernel(text, (*rows, *columns))


def _axis(
    site: Site, name: str, places: tuple[Array, Array, Array], step: int, integer: bool
) -> tuple[Constant, Constant, Constant]:
    """Both neighbours of every output coordinate, and the weight of the second."""
    low, high, weight = places
    return (
        offsets(site, f"{name}_0", low, step, f"first element of the {name} before"),
        offsets(site, f"{name}_1", high, step, f"first element of the {name} after"),
        Constant(
            site.local(f"{name}_share"),
            weight.astype(np.int16 if integer else np.float32),
            comment=f"share of the {name} after{', with 10 fractional bits' if integer else ''}",
        ),
    )


def _row(site: Site, rows: tuple[Constant, Constant, Constant], integer: bool) -> Lines:
    kind = c_type(site.input(0))
    return [
        f"const {kind} *top = x0 + {rows[0].symbol}[y];",
        f"const {kind} *bottom = x0 + {rows[1].symbol}[y];",
        f"const {'int32_t' if integer else 'float'} fy = {rows[2].symbol}[y];",
    ]


def _pixel(site: Site, columns: tuple[Constant, Constant, Constant], integer: bool) -> Lines:
    x = site.input(0)
    kind = c_type(x)
    body = _integer(kind, x.dtype) if integer else _float(x.dtype)
    return [
        f"const int32_t left = {columns[0].symbol}[x], right = {columns[1].symbol}[x];",
        f"const {'int32_t' if integer else 'float'} fx = {columns[2].symbol}[x];",
        f"for (int32_t c = 0; c < {x.shape[3]}; ++c) {{",
        *(f"    {line}" for line in body),
        "}",
    ]


def _integer(kind: str, dtype: str) -> Lines:
    wide = "int64_t" if dtype == "int16" else "int32_t"
    return [
        f"const {wide} upper = top[left + c] * (1024 - fx) + top[right + c] * fx;",
        f"const {wide} lower = bottom[left + c] * (1024 - fx) + bottom[right + c] * fx;",
        f"const {wide} total = upper * (1024 - fy) + lower * fy;",
        f"y0[c] = ({kind})(total > 0 ? (total + 524288) >> 20 : -((524288 - total) >> 20));",
    ]


def _float(dtype: str) -> Lines:
    """One product a statement: the bytes of uint8 depend on no product being fused into a sum."""
    terms = [
        ("top[left + c]", "(1.0f - fy)", "(1.0f - fx)"),
        ("bottom[left + c]", "fy", "(1.0f - fx)"),
        ("top[right + c]", "(1.0f - fy)", "fx"),
        ("bottom[right + c]", "fy", "fx"),
    ]
    lines = []
    for index, (value, first, second) in enumerate(terms):
        value = f"(float){value}" if dtype == "uint8" else value
        lines.append(f"const float t{index} = {value} * {first} * {second};")
    total = "t0 + t1 + t2 + t3"
    return [*lines, f"y0[c] = (uint8_t)({total} + 0.5f);" if dtype == "uint8" else f"y0[c] = {total};"]


EMIT = emit
