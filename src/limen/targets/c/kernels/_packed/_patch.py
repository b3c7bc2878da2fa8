"""C text that gathers the patch of a tile: input codes of two positions in each word."""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._packed._plan import Window

STRIP = Helper(
    "limen_strip",
    """\
/* Columns of a row of which some lie outside and count as fill. */
static inline void limen_strip(int8_t *strip, const int8_t *row, int32_t column, int32_t columns, int32_t width,
                               int32_t depth, int32_t fill)
{
    const int32_t first = column < 0 ? 0 : column > width ? width : column;
    const int32_t end = column + columns > width ? width : column + columns;
    const int32_t inside = end > first ? end - first : 0;
    const int32_t before = first - column > columns ? columns : first - column;
    memset(strip, fill, (size_t)(columns * depth));
    memcpy(strip + before * depth, row + first * depth, (size_t)(inside * depth));
}
""",
)

_GATHER = """\
static int32_t *{symbol}_gather{positions}(const int8_t *x, int32_t *patch)
{{
{body}    return patch;
}}
"""

_RUN = """\
    for (int32_t c = 0; c < {depth}; ++c) {{
{loads}{stores}        patch += {words};
    }}
"""

_PATCH = """\
static void {symbol}_patch{positions}(const int8_t *const *x0, int32_t column, int32_t *patch)
{{
    for (int32_t ky = 0; ky < {rows}; ++ky) {{
        patch = {symbol}_gather{positions}(x0[ky] + column * {depth}, patch);
    }}
}}
"""

_PATCH_STRIP = """\
static void {symbol}_patch{positions}(const int8_t *const *x0, int32_t column, int32_t *patch, int8_t *strip)
{{
    for (int32_t ky = 0; ky < {rows}; ++ky) {{
{source}        patch = {symbol}_gather{positions}(x, patch);
    }}
}}
"""

_ALWAYS = """\
        const int8_t *const x = strip;
        limen_strip(strip, x0[ky], column, {span}, {width}, {depth}, {fill});
"""

_AT_EDGES = """\
        const int8_t *x = x0[ky] + column * {depth};
        if (column < 0 || column > {last}) {{
            limen_strip(strip, x0[ky], column, {span}, {width}, {depth}, {fill});
            x = strip;
        }}
"""


def gather(symbol: str, window: Window, positions: int) -> str:
    """The function that reads one row's columns; it returns the end of what it wrote."""
    body = "".join(_run(window, run, positions) for run in window.together)
    return _GATHER.format(symbol=symbol, positions=positions, body=body)


def _run(window: Window, run: range, positions: int) -> str:
    columns = [[p * window.stride + kx * window.dilation for p in range(positions)] for kx in run]
    used = sorted({column for row in columns for column in row})
    loads = "".join(f"        const int32_t v{c} = x[{_at(c * window.depth)}];\n" for c in used)
    words = [f"v{row[p]} + v{row[p + 1]} * 65536" for row in columns for p in range(0, positions, 2)]
    stores = "".join(f"        patch[{i}] = {word};\n" for i, word in enumerate(words))
    return _RUN.format(depth=window.depth, loads=loads, stores=stores, words=len(words))


def _at(offset: int) -> str:
    return f"{offset} + c" if offset else "c"


def patch(symbol: str, window: Window, rows: int, positions: int, width: int, fill: int, padded: bool) -> str:
    """The function that fills the whole patch; with a strip where columns may lie outside the row."""
    span = window.span(positions)
    source = (_AT_EDGES if width >= span else _ALWAYS).format(
        depth=window.depth, span=span, last=width - span, width=width, fill=fill
    )
    template = _PATCH_STRIP if padded else _PATCH
    return template.format(symbol=symbol, positions=positions, rows=rows, depth=window.depth, source=source)
