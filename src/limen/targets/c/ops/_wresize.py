"""Text of resizing: tables of source rows and columns, computed by the Program's own rules."""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Constant, Site
from limen.targets.c.ops._e_text import INDENT, function, whole_arguments
from limen.targets.c.ops._wconv import Lines, indented


def offsets(site: Site, name: str, places: Array, step: int, comment: str) -> Constant:
    """Element offsets of source rows or columns, as narrow as they fit."""
    values = places.astype(np.int64) * step
    narrow = np.int16 if int(values.max(initial=0)) < 1 << 15 else np.int32
    return Constant(site.local(name), values.astype(narrow), comment=comment)


def over_pixels(site: Site, row: Lines, pixel: Lines) -> str:
    """The whole form.

    Args:
        row: lines at the start of output row y.
        pixel: lines at output column x; y0 points to the pixel.
    """
    source, output = site.input(0), site.output()
    n, height, width, channels = output.shape
    lines = [
        f"for (int32_t n = 0; n < {n}; ++n) {{",
        f"{INDENT}for (int32_t y = 0; y < {height}; ++y) {{",
        *indented(indented(row)),
        f"{INDENT * 2}for (int32_t x = 0; x < {width}; ++x) {{",
        *indented(indented(indented([*pixel, f"y0 += {channels};"]))),
        f"{INDENT * 2}}}",
        f"{INDENT}}}",
        f"{INDENT}x0 += {source.size // source.shape[0]};",
        "}",
    ]
    return function(site.symbol, whole_arguments(site), lines)
