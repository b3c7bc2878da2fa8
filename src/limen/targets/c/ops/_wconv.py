"""Text of convolutions: one function per position, channels in blocks of four, borders apart from the interior."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from limen.ops._window import Pair, Sides
from limen.targets.c._kernel import Constant, Reach, Site, c_type
from limen.targets.c.ops._e_text import INDENT, function, row_arguments
from limen.targets.c.ops._weighted import Weighted
from limen.targets.c.ops._wfinish import Finish

BLOCK = 4
_UNROLLED_EDGES = 4

Lines = list[str]


@dataclass(frozen=True)
class Geometry:
    """The horizontal part of a window.

    Args:
        width: of the input.
        channels: of the input.
        out_width: of the output.
        filters: channels of the output.
        kernel: height and width.
        stride, dilation, left: horizontal.
        rows: how many output rows one call makes (several where the compiler asks for one long row).
    """

    width: int
    channels: int
    out_width: int
    filters: int
    kernel: Pair
    stride: int
    dilation: int
    left: int
    rows: int = 1

    def taps(self, position: int) -> Pair:
        """First and one past the last column of the window that lie inside the input."""
        first = position * self.stride - self.left
        inside = [i for i in range(self.kernel[1]) if 0 <= first + i * self.dilation < self.width]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    @property
    def interior(self) -> Pair:
        """First and one past the last position whose window lies inside."""
        whole = [x for x in range(self.out_width) if self.taps(x) == (0, self.kernel[1])]
        return (whole[0], whole[-1] + 1) if whole else (0, 0)

    @property
    def edges(self) -> list[int]:
        low, high = self.interior
        return [x for x in range(self.out_width) if not low <= x < high]


def geometry(site: Site, kernel: Pair, stride: Pair, dilation: Pair, padding: Sides) -> Geometry:
    """The geometry of a site; a 1x1 window over one long row has the row's width."""
    x, output = site.input(0), site.output()
    if kernel == (1, 1) and stride[1] == 1 and not any(padding[2:]):
        return Geometry(site.rows[1], x.shape[3], site.rows[1], output.shape[3], kernel, 1, 1, 0)
    width = output.shape[2]
    rows = site.rows[1] // width if site.rows[0] == 1 else 1
    return Geometry(
        x.shape[2], x.shape[3], width, output.shape[3], kernel, stride[1], dilation[1], padding[2], max(1, rows)
    )


def rows_read(height: int, stride: int, dilation: int, padding: Sides, fill: int) -> Reach:
    """Which rows a window reads.

    A window of one row over an image that is padded below alone gets a second row that it ignores: with one, it would
    count as pointwise, and the compiler would ask for all positions as one row, which the input does not have.
    """
    ragged = height == 1 and stride == 1 and padding[0] == 0 and padding[1] > 0
    return Reach(2 if ragged else height, stride, padding[0], dilation, fill)


def blocks(count: int, body: Callable[[int, str], Lines], start: str = "") -> Lines:
    """A loop over channels in fours and the rest.

    Args:
        count: of channels.
        body: (channels of the block, C expression of the first) -> lines.
        start: offset of the first channel, a C expression with a trailing `` + ``; empty for 0.
    """
    whole, rest = count - count % BLOCK, count % BLOCK
    if count <= BLOCK:
        return body(count, f"{start}0")
    lines: Lines = []
    if whole == BLOCK:
        lines += ["{", *indented(body(BLOCK, f"{start}0")), "}"]
    else:
        inner = body(BLOCK, f"{start}o")
        lines += [f"for (int32_t o = 0; o < {whole}; o += {BLOCK}) {{", *indented(inner), "}"]
    if rest:
        lines += ["{", *indented(body(rest, f"{start}{whole}")), "}"]
    return lines


def indented(lines: Sequence[str]) -> Lines:
    return [INDENT + line for line in lines]


def plus(index: str, offset: int) -> str:
    """``index + offset`` as a C expression, where the index is a sum that may end in a number."""
    *terms, last = index.split(" + ")
    if last.isdecimal():
        total = int(last) + offset
        return " + ".join([*terms, str(total)] if total or not terms else terms)
    return f"{index} + {offset}" if offset else index


INSIDE = "/* At one position whose window lies inside the row: all output channels. */\n"
EDGE = "/* At the border: only columns from ... to - 1 of the window lie inside the row. */\n"


def times(count: str, factor: int) -> str:
    """``count * factor`` as a C expression."""
    if count.isdecimal():
        return str(int(count) * factor)
    return count if factor == 1 else f"({count}) * {factor}" if " " in count else f"{count} * {factor}"


def row_function(site: Site, g: Geometry) -> tuple[str, tuple[Constant, ...]]:
    """``SYMBOL_row``: calls SYMBOL_inside for the interior positions and SYMBOL_edge for the others."""
    low, high = g.interior
    name, source = site.symbol, "x0"
    lines: Lines = []
    if low < high:
        at = _scaled("x", g.stride * g.channels)
        first = low * g.stride * g.channels - g.left * g.channels
        start = _shifted(at, first - low * g.stride * g.channels)
        call = f"{name}_inside({source}, {start}, y0 + {_scaled('x', g.filters)});"
        lines += [f"for (int32_t x = {low}; x < {high}; ++x) {{", INDENT + call, "}"]
    table: tuple[Constant, ...] = ()
    edges = g.edges
    if edges:
        more, table = _edges(site, g, edges, source)
        lines += more
    lines = several_rows(site, g, lines)
    comment = "/* One row of the output. */\n" if g.rows == 1 else "/* All rows: the window has one. */\n"
    return comment + function(f"{name}_row", row_arguments(site), lines), table


def _edges(site: Site, g: Geometry, edges: list[int], source: str) -> tuple[Lines, tuple[Constant, ...]]:
    calls = []
    for x in edges:
        first, last = g.taps(x)
        at = (x * g.stride - g.left + first * g.dilation) * g.channels if last else 0
        calls.append((at, first, last, x * g.filters))
    name = site.symbol
    if len(calls) <= _UNROLLED_EDGES:
        return [f"{name}_edge({source}, {a}, {f}, {t}, {_shifted('y0', y)});" for a, f, t, y in calls], ()
    table = Constant(
        site.local("edges"), np.array(calls, np.int32), comment="border windows: first element, columns from/to, output"
    )
    lines = [
        f"for (const int32_t *e = {table.symbol}; e < {table.symbol} + {4 * len(calls)}; e += 4) {{",
        f"{INDENT}{name}_edge({source}, e[0], e[1], e[2], y0 + e[3]);",
        "}",
    ]
    return lines, (table,)


def several_rows(site: Site, g: Geometry, lines: Lines) -> Lines:
    """Where the compiler asks for all rows at once, the window has one row: they follow each other in memory."""
    if g.rows == 1:
        return lines
    kind = c_type(site.input(0))
    return [
        f"const {kind} *row[1] = {{x0[0]}};",
        f"for (int32_t n = 0; n < {g.rows}; ++n) {{",
        *indented([line.replace("(x0,", "(row,") for line in lines]),
        f"{INDENT}row[0] += {g.width * g.channels};",
        f"{INDENT}y0 += {g.out_width * g.filters};",
        "}",
    ]


def _scaled(name: str, factor: int) -> str:
    return name if factor == 1 else f"{name} * {factor}"


def _shifted(text: str, offset: int) -> str:
    if not offset:
        return text
    return f"{text} {'+' if offset > 0 else '-'} {abs(offset)}"


def accumulators(w: Weighted, block: int, at: str, pads: bool) -> Lines:
    """Declares acc0 ..., which start from the biases, and pad0 ..., the sums of the weights that meet padding."""
    lines = [f"{w.accumulator} acc{j} = {w.bias_symbol}[{plus(at, j)}];" for j in range(block)]
    return lines + ([f"int32_t {', '.join(f'pad{j} = 0' for j in range(block))};"] if pads else [])


def multiply(w: Weighted, block: int, value: str = "x[i]") -> Lines:
    """One input element times the weights of a block; steps on to the next weights."""
    kind = "float" if w.is_float else "int32_t"
    lines = [f"const {kind} v = {value};", *(f"acc{j} += v * w[{j}];" for j in range(block))]
    return [*lines, f"w += {block};"]


def counted(name: str, count: str, body: Lines) -> Lines:
    """``for (int32_t name = 0; name < count; ++name)`` around a body; the body alone, in braces, for one."""
    if count == "1" and not any(_uses(line, name) for line in body):
        return ["{", *indented(body), "}"] if any(line.startswith("const ") for line in body) else list(body)
    return [f"for (int32_t {name} = 0; {name} < {count}; ++{name}) {{", *indented(body), "}"]


def _uses(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


def store(made: Finish, block: int, at: str, pads: int) -> Lines:
    """Finished accumulators into y; ``pads`` is the padding's code, 0 where it adds nothing."""
    lines = [f"acc{j} += {pads} * pad{j};" for j in range(block)] if pads else []
    return lines + [f"y[{plus(at, j)}] = {made.of(f'acc{j}', plus(at, j))};" for j in range(block)]
