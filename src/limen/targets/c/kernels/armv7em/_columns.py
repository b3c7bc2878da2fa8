"""C that gathers the input of two output positions into columns of int16 pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limen.targets.c._kernel import Constant, Helper, Site
from limen.targets.c.kernels.armv7em._routines import EXPAND_PAIR, EXPAND_PAIR_C, bytes_order, expand_bytes, expand_rows
from limen.targets.c.kernels.armv7em._window import EXPAND_TAPS, window_constant


@dataclass(frozen=True)
class Window:
    """Of a convolution along a row.

    Args:
        taps_y, taps_x: of the kernel.
        stride, dilation, left: along x.
        width_in, width: positions of an input row and of an output row.
        channels: of the input.
        depth: channels that are read, all or those of a group.
        zero: code of the padding.
    """

    taps_y: int
    taps_x: int
    stride: int
    dilation: int
    left: int
    width_in: int
    width: int
    channels: int
    depth: int
    zero: int

    @property
    def elements(self) -> int:
        return self.taps_y * self.taps_x * self.depth

    @property
    def padded(self) -> int:
        """Elements of a column, a multiple of four."""
        return -(-self.elements // 4) * 4

    @property
    def pointwise(self) -> bool:
        """Whether each output position reads the input at the same position alone."""
        return (self.taps_y, self.taps_x, self.stride, self.left) == (1, 1, 1, 0) and self.width == self.width_in

    @property
    def contiguous(self) -> bool:
        """Whether the taps of a row lie side by side."""
        return (self.taps_x == 1 or self.dilation == 1) and self.depth == self.channels

    @property
    def reach(self) -> int:
        """From the first tap of a row to the last."""
        return (self.taps_x - 1) * self.dilation

    @property
    def inside(self) -> tuple[int, int]:
        """Output positions [begin, end) whose windows lie within the row."""
        begin = -(-self.left // self.stride)
        return begin, (self.width_in - 1 - self.reach + self.left) // self.stride + 1

    def address(self, position: str) -> str:
        """C: elements from the beginning of a row to the first tap at a position."""
        return scaled(position, self.stride * self.channels, self.left * self.channels)

    @property
    def leaves(self) -> bool:
        """Whether some window leaves the row."""
        return self.left > 0 or (self.width - 1) * self.stride - self.left + self.reach >= self.width_in


@dataclass(frozen=True, eq=False)
class Columns:
    """The code that fills columns, and how to call it.

    Args:
        text: definitions.
        call: statement for the positions ``a`` and ``b``, columns at ``columns``; a group's first channel is ``first``.
        scratch: bytes, the columns included.
        order: of the elements, where it is not that of the taps.
    """

    text: str
    call: str
    scratch: int
    constants: tuple[Constant, ...] = ()
    helpers: tuple[Helper, ...] = ()
    routines: tuple[Helper, ...] = ()
    order: list[int] | None = None


_POINTWISE = "limen_expand_pair(columns, x0[0] + a * {step}, x0[0] + b * {step}, {words});"
_ROWS = "limen_expand_rows_{words}(columns, x0, {a}, {b}, {count});"

_BY_TAPS = "limen_expand_taps(columns, x0, {symbol}_padding, {a}, {b}, {first}, &{symbol}_window);"
_INSIDE = """\
if (a >= {begin} && b < {end}) {{
    {inside}
}} else {{
    {taps}
}}"""


def scaled(name: str, factor: int, less: int) -> str:
    """C of ``name * factor - less``."""
    product = name if factor == 1 else f"{name} * {factor}"
    return f"{product} - {less}" if less else product


_BY_BYTES = """\
/* The bytes of the window at a position{order}. */
LIMEN_LAYER static void {symbol}_gather(const int8_t *const *x0, int32_t position,{first} int8_t *to)
{{
    const int32_t left = {at_position};
    for (int32_t ky = 0; ky < {taps_y}; ++ky) {{
        int32_t i = 0;
        for (int32_t kx = 0; kx < {taps_x}; ++kx) {{
            const int32_t at = left + {at_tap};
            for (int32_t c = 0; c < {depth}; ++c, ++i) {{
                const int32_t place = {place};
                to[place] = (at >= 0 && at < {width_in}) ? x0[ky][{at_channel} + c{plus}] : {zero};
            }}
        }}
    }}
}}
"""
_GATHER = """\
int8_t *const bytes = (int8_t *)(columns + {padded});
{symbol}_gather(x0, a,{first} bytes);
{symbol}_gather(x0, b,{first} bytes + {padded});
limen_expand_pair(columns, bytes, bytes + {padded}, {words});"""
_INSIDE_BYTES = """\
if (a >= {begin} && b < {end}) {{
    limen_expand_bytes_{taps_y}x{row}(columns, x0, {at_a}, {at_b});
}} else {{
{gather}}}"""


def columns(site: Site, window: Window) -> Columns:
    """By words where every tap is whole words, else by bytes first."""
    if (window.taps_y, window.taps_x, window.left) == (1, 1, 0) and window.contiguous and not window.channels % 4:
        step, count = window.stride * window.channels, window.depth // 4
        if count % 2 or site.small:
            call = _POINTWISE.format(step=step, words=count)
            return Columns("", call, window.padded * 4, (), (EXPAND_PAIR_C,), (EXPAND_PAIR,))
        routine, declaration = expand_rows(count)
        call = _ROWS.format(words=count, a=window.address("a"), b=window.address("b"), count=1)
        return Columns("", call, window.padded * 4, (), (declaration,), (routine,))
    return _by_bytes(site, window) if window.depth % 4 else _by_words(site, window)


def _by_words(site: Site, window: Window) -> Columns:
    """Rows of taps side by side where both windows lie inside, else tap by tap."""
    count = window.taps_x * window.depth // 4
    rows = window.contiguous and count % 2 == 0 and not site.small
    inside = _ROWS.format(words=count, a=window.address("a"), b=window.address("b"), count=window.taps_y)
    routines, helpers = ((), ()) if not rows else tuple((r,) for r in expand_rows(count))
    if rows and not window.leaves:
        return Columns("", inside, window.padded * 4, (), helpers, routines)
    places = [scaled(position, window.stride, window.left) for position in ("a", "b")]
    first = "first" if window.depth != window.channels else "0"
    call = _BY_TAPS.format(symbol=site.symbol, a=places[0], b=places[1], first=first)
    if rows:
        begin, end = window.inside
        call = _INSIDE.format(begin=begin, end=end, inside=inside, taps=call)
    padding = Constant(site.local("padding"), np.full(window.depth, window.zero, np.int8), 4, "outside the input")
    text = window_constant(
        site.symbol,
        (window.taps_y, window.taps_x),
        window.dilation,
        window.width_in,
        window.channels,
        window.depth // 4,
    )
    return Columns(text, call, window.padded * 4, (padding,), (EXPAND_TAPS, *helpers), (EXPAND_PAIR, *routines))


def _indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _by_bytes(site: Site, window: Window) -> Columns:
    """Whole words and odd ends of the rows where both windows lie inside; else each byte on its own."""
    row = window.taps_x * window.depth
    names = _names(site, window)
    places = {"row": row, "padded": window.padded, "words": window.padded // 4}
    if not window.contiguous:
        text = _BY_BYTES.format(**{**names, **places}, order="", place=f"ky * {row} + i")
        call = _GATHER.format(**{**names, **places}).replace(" int32_t", "")
        return Columns(text, call, window.padded * 6, (), (EXPAND_PAIR_C,), (EXPAND_PAIR,))
    routine, declaration = expand_bytes(window.taps_y, row)
    whole = row // 4 * 4
    place = f"i < {whole} ? ky * {whole} + i : {window.taps_y * whole} + ky * {row - whole} + i - {whole}"
    begin, end = window.inside
    call = _INSIDE_BYTES.format(
        begin=begin, end=end, taps_y=window.taps_y, row=row, at_a=window.address("a"), at_b=window.address("b"),
        gather=_indent(_GATHER.format(**{**names, **places})),
    )  # fmt: skip
    order = bytes_order(window.taps_y, row)
    if not window.leaves:
        call = call.split("\n")[1].strip()
        return Columns("", call, window.padded * 4, (), (declaration,), (routine,), order)
    simple = place if row % 4 else f"ky * {row} + i"
    text = _BY_BYTES.format(**{**names, **places}, order=", odd ends of the rows last" if row % 4 else "", place=simple)
    return Columns(text, call, window.padded * 6, (), (EXPAND_PAIR_C, declaration), (EXPAND_PAIR, routine), order)


def _names(site: Site, window: Window) -> dict[str, object]:
    grouped = window.depth != window.channels
    return {
        "at_position": scaled("position", window.stride, window.left), "at_tap": scaled("kx", window.dilation, 0),
        "at_channel": scaled("at", window.channels, 0), "symbol": site.symbol, "taps_y": window.taps_y,
        "taps_x": window.taps_x, "dilation": window.dilation, "channels": window.channels, "depth": window.depth,
        "width_in": window.width_in, "words": window.depth // 4, "zero": window.zero,
        "first": " int32_t first," if grouped else "", "plus": " + first" if grouped else "",
    }  # fmt: skip
