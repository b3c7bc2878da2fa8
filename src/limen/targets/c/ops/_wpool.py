"""Text of pooling: the taps of a window for four channels at a time, by rows where that is possible."""

from __future__ import annotations

from dataclasses import dataclass

from limen.ops._window import Pair, Sides
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, whole_arguments
from limen.targets.c.ops._wconv import EDGE, INSIDE, Geometry, Lines, blocks, geometry, indented, plus, row_function


@dataclass(frozen=True)
class Pooling:
    """What is done with the elements of a window.

    Args:
        accumulator: C type.
        start: its first value.
        step: statement, with ``@A`` for the accumulator and ``@X`` for an element.
        finish: expression of the result, with ``@A``, and ``@N`` for the number of elements.
        text: functions that these call.
        helpers: shared ones.
        fill: code of a row above or below the image that changes nothing; None where there is none.
    """

    accumulator: str
    start: str
    step: str
    finish: str
    text: str = ""
    helpers: tuple[Helper, ...] = ()
    fill: int | None = None


def pool(site: Site, filter: Pair, stride: Pair, padding: Sides, pooling: Pooling) -> Kernel:
    """The kernel: row form where all rows of every window exist, or a fill row is neutral; else the whole form."""
    x, output = site.input(0), site.output()
    g = geometry(site, filter, stride, (1, 1), padding)
    below = (output.shape[1] - 1) * stride[0] - padding[0] + filter[0] > x.shape[1]
    by_row = pooling.fill is not None or not (padding[0] or below)
    count = str(filter[0]) if by_row else "rows"
    parts = [pooling.text] if pooling.text else []
    if g.interior[0] < g.interior[1]:
        parts.append(_position(site, pooling, g, count, edge=False))
    if g.edges:
        parts.append(_position(site, pooling, g, count, edge=True))
    row, table = row_function(site, g)
    if by_row:
        reach = Reach(filter[0], stride[0], padding[0], 1, pooling.fill or 0)
        return Kernel("\n".join([*parts, row]), table, pooling.helpers, reaches=(reach,))
    return _whole(site, g, stride[0], padding[0], [*parts, _with_count(row)], pooling, table)


def _position(site: Site, pooling: Pooling, g: Geometry, rows: str, edge: bool) -> str:
    kind = c_type(site.input(0))
    columns = "to - from" if edge else str(g.kernel[1])
    size = f"{rows} * ({columns})" if edge else f"{rows} * {columns}"
    if rows.isdecimal() and not edge:
        size = str(int(rows) * g.kernel[1])

    def body(block: int, at: str) -> Lines:
        steps = [pooling.step.replace("@A", f"acc{j}").replace("@X", f"x[{j}]") for j in range(block)]
        results = [pooling.finish.replace("@A", f"acc{j}").replace("@N", size) for j in range(block)]
        return [
            *(f"{pooling.accumulator} acc{j} = {pooling.start};" for j in range(block)),
            f"for (int32_t ky = 0; ky < {rows}; ++ky) {{",
            f"{INDENT}const {kind} *x = x0[ky] + at + {at};",
            f"{INDENT}for (int32_t kx = 0; kx < {columns}; ++kx) {{",
            *indented(indented([*steps, f"x += {g.channels};"])),
            f"{INDENT}}}",
            "}",
            *(f"y[{plus(at, j)}] = {results[j]};" for j in range(block)),
        ]

    arguments = [f"const {kind} *const *x0", *(["int32_t rows"] if rows == "rows" else []), "int32_t at"]
    arguments += ["int32_t from", "int32_t to"] if edge else []
    name = f"{site.symbol}_{'edge' if edge else 'inside'}"
    return (EDGE if edge else INSIDE) + function(name, [*arguments, f"{kind} *y"], blocks(g.channels, body))


def _with_count(row: str) -> str:
    """The row function for windows of which only some rows exist."""
    return row.replace("*const *x0, ", "*const *x0, int32_t rows, ", 1).replace("(x0, ", "(x0, rows, ")


def _whole(
    site: Site, g: Geometry, stride: int, top: int, parts: list[str], pooling: Pooling, table: tuple[Constant, ...]
) -> Kernel:
    """Loops over images and rows; a window at the border has fewer rows."""
    x, output = site.input(0), site.output()
    height, row = x.shape[1], x.shape[2] * x.shape[3]
    first = f"y * {stride} - {top}" if top else f"y * {stride}"
    lines = [
        f"for (int32_t n = 0; n < {x.shape[0]}; ++n) {{",
        f"{INDENT}for (int32_t y = 0; y < {output.shape[1]}; ++y) {{",
        *indented(
            indented(
                [
                    f"const {c_type(x)} *window[{g.kernel[0]}];",
                    "int32_t rows = 0;",
                    f"for (int32_t r = {first}; r < {first} + {g.kernel[0]}; ++r) {{",
                    f"{INDENT}if (r >= 0 && r < {height}) {{",
                    f"{INDENT * 2}window[rows++] = x0 + r * {row};",
                    f"{INDENT}}}",
                    "}",
                    f"{site.symbol}_row(window, rows, y0);",
                    f"y0 += {g.out_width * g.filters};",
                ]
            )
        ),
        f"{INDENT}}}",
        f"{INDENT}x0 += {height * row};",
        "}",
    ]
    text = "\n".join([*parts, function(site.symbol, whole_arguments(site), lines)])
    return Kernel(text, table, pooling.helpers)
