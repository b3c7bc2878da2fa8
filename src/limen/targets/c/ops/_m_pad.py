"""Padding with a value: the border is set, the inside copied."""

from __future__ import annotations

from collections.abc import Sequence

from limen.program import Array
from limen.targets.c._kernel import Constant, Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import contiguous, function, row_arguments, whole_arguments
from limen.targets.c.ops._m_copy import (
    Block,
    constant_fill,
    constant_operands,
    copy,
    fill,
    operand_names,
    refuse_half,
    untouched,
)

Paddings = Sequence[tuple[int, int]]


def padded(site: Site, paddings: Paddings, value: Array | None) -> Kernel:
    """The input with borders.

    Args:
        value: of the border; None for the run-time value of input 1.

    Raises:
        UnsupportedOp: float16.
    """
    refuse_half(site)
    if value is not None and _has_rows(site, paddings, value):
        return _row(site, paddings, value)
    kind, out = c_type(site.output()), site.output()
    block = _inside(site, paddings)
    covered = 0 not in block.extents and block.extents == out.shape
    border = [] if covered or out.size == 0 else _border(site, kind, out.size, value)
    lines = [*border, *copy(block, kind, operand_names(site)[0], "y0")]
    held = [line for line in untouched(site, [block]) if not _names(line[len("(void)") : -1], border)]
    return Kernel(function(site.symbol, whole_arguments(site), [*held, *lines]), _constants(site))


def _names(argument: str, lines: Sequence[str]) -> bool:
    return any(argument in line for line in lines)


def _constants(site: Site) -> tuple[Constant, ...]:
    return tuple(c for c in constant_operands(site) if c.symbol == site.local("x0"))


def _border(site: Site, kind: str, count: int, value: Array | None) -> list[str]:
    if value is None:
        return fill(kind, "y0", 0, count, "x1[0]", zero=False)
    return constant_fill(kind, "y0", 0, count, value)


def _inside(site: Site, paddings: Paddings) -> Block:
    """The input's place in the output."""
    shape, target = site.input(0).shape, contiguous(site.output().shape)
    start = sum(before * step for (before, _), step in zip(paddings, target, strict=True))
    return Block(shape, contiguous(shape), target, 0, start)


def _has_rows(site: Site, paddings: Paddings, value: Array) -> bool:
    """Rank 4, no padding of the batch; above and below a fill that a Reach can name.

    Padding below alone takes the whole form, as its Reach would look like that of a kernel whose rows stay rows.
    """
    x, out = site.input(0), site.output()
    if x.data is not None or len(x.shape) != 4 or paddings[0] != (0, 0) or 0 in (*x.shape, *out.shape):
        return False
    nameable = value.dtype.kind != "f" or not any(value.tobytes())
    return paddings[1] == (0, 0) or (paddings[1][0] > 0 and nameable)


def _row(site: Site, paddings: Paddings, value: Array) -> Kernel:
    """Left border, the row, right border; a row above or below arrives filled with the value."""
    x, out = site.input(0), site.output()
    kind = c_type(out)
    (_, _, width, depth), row = x.shape, out.shape[2] * out.shape[3]
    (left, right), channels = paddings[2], paddings[3]
    count = site.rows[1] // out.shape[2]
    start = left * out.shape[3] + channels[0]
    block = Block((width, depth), (depth, 1), (out.shape[3], 1), 0, start)
    source, target = ("in", "y0") if count == 1 else ("from", "to")
    if channels == (0, 0):
        body = constant_fill(kind, target, 0, left * depth, value)
        body += copy(block, kind, source, target)
        body += constant_fill(kind, target, (left + width) * depth, right * depth, value)
    else:
        body = constant_fill(kind, target, 0, row, value) + copy(block, kind, source, target)
    lines = [f"const {kind} *const in = x0[0];", ""]
    if count == 1:
        lines += body
    else:
        lines += [
            f"for (int32_t r = 0; r < {count}; ++r) {{",
            f"    const {kind} *const from = in + {width * depth} * r;",
            f"    {kind} *const to = y0 + {row} * r;",
            "",
            *(f"    {line}" for line in body),
            "}",
        ]
    reach = Reach(before=paddings[1][0], fill=int(value))
    return Kernel(function(f"{site.symbol}_row", row_arguments(site), lines), reaches=(reach,))


def mirrored(site: Site, paddings: Paddings, edge: int) -> Kernel:
    """The input mirrored at its borders: the inside is copied, then axis by axis, innermost first, the borders from it.

    Args:
        edge: 1 leaves the border element out of the mirror image, 0 repeats it.

    Raises:
        UnsupportedOp: float16.
    """
    refuse_half(site)
    kind = c_type(site.output())
    shape, out = site.input(0).shape, site.output().shape
    inside = _inside(site, paddings)
    lines = copy(inside, kind, operand_names(site)[0], "y0")
    target = contiguous(out)
    for axis in reversed(range(len(shape))):
        before, after = paddings[axis]
        extents = (*shape[:axis], 0, *out[axis + 1 :])
        corner = sum(paddings[a][0] * target[a] for a in range(axis))
        step = target[axis]
        back = (*target[:axis], -step, *target[axis + 1 :])
        for count, first, written in (
            (before, 2 * before - 1 + edge, 0),
            (after, before + shape[axis] - 1 - edge, before + shape[axis]),
        ):
            part = (*extents[:axis], count, *extents[axis + 1 :])
            border = Block(part, back, target, corner + first * step, corner + written * step)
            lines += copy(border, kind, "y0", "y0")
    text = function(site.symbol, whole_arguments(site), [*untouched(site, [inside]), *lines])
    return Kernel(text, constant_operands(site))
