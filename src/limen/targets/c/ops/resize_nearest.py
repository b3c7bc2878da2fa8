"""ResizeNearest in portable C."""

from __future__ import annotations

import numpy as np

from limen.ops.resize_nearest import ResizeNearest
from limen.targets.c._kernel import Kernel, Site, c_type
from limen.targets.c.ops._wresize import offsets, over_pixels

_COPIED_BYTES = 16  # longer pixels are copied by memcpy


def emit(site: Site) -> Kernel:
    """Every type that C11 has."""
    op, x = site.op, site.input(0)
    assert isinstance(op, ResizeNearest)
    _, height, width, channels = x.shape
    rows = offsets(site, "rows", op._indices(height, op.size[0]), width * channels, "first element of the source row")
    columns = offsets(site, "columns", op._indices(width, op.size[1]), channels, "first element of the source pixel")
    kind = c_type(x)
    start = [f"const {kind} *row = x0 + {rows.symbol}[y];"]
    size = channels * np.dtype(x.dtype).itemsize
    if size >= _COPIED_BYTES:
        pixel = [f"memcpy(y0, row + {columns.symbol}[x], {size}u);"]
    elif channels == 1:
        pixel = [f"*y0 = row[{columns.symbol}[x]];"]
    else:
        pixel = [
            f"const {kind} *pixel = row + {columns.symbol}[x];",
            f"for (int32_t c = 0; c < {channels}; ++c) {{",
            "    y0[c] = pixel[c];",
            "}",
        ]
    return Kernel(over_pixels(site, start, pixel), (rows, columns))


EMIT = emit
