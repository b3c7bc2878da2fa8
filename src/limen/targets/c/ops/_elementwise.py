"""Element-wise kernels: one expression per element, with broadcasting, in row form wherever that is possible.

The row form needs computed operands of the output's own shape, and constants that are one number or one per channel.
Everything else becomes nested loops with constant strides over the whole tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limen.program import Array, Shape
from limen.targets.c._kernel import Constant, Helper, Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_text import (
    contiguous,
    function,
    linear,
    literal,
    loops,
    row_arguments,
    unused,
    whole_arguments,
)
from limen.targets.c.ops._m_loops import merge


@dataclass(frozen=True, eq=False)
class Element:
    """What is computed for one element.

    Args:
        lines: C statements; ``{0}``, ``{1}`` ... stand for the elements of the inputs, ``{y}`` for the output's.
        helpers: functions that they call.
        constants: tables that they read.
        data: input index -> array of the constant's shape that is read in its stead (rescaled beforehand).
    """

    lines: tuple[str, ...]
    helpers: tuple[Helper, ...] = ()
    constants: tuple[Constant, ...] = ()
    data: tuple[tuple[int, Array], ...] = ()


def elementwise(site: Site, element: Element) -> Kernel:
    """The kernel that computes ``element`` everywhere."""
    constants = {i: t.data for i, t in enumerate(site.operands.inputs) if t is not None and t.data is not None}
    constants.update(dict(element.data))
    reads = {i: literal(v.reshape(-1)[0]) for i, v in constants.items() if is_uniform(v)}
    tables = {i: v for i, v in constants.items() if i not in reads and reads_operand(element, i)}
    arrays = tuple(Constant(site.local(f"x{i}"), v, comment=f"Operand {i}.") for i, v in tables.items())
    symbols = {i: site.local(f"x{i}") for i in tables}
    make = _row if _has_rows(site, tables) else _whole
    return make(site, element, reads, symbols, (*element.constants, *arrays))


def reads_operand(element: Element, index: int) -> bool:
    """Whether the element depends on an input: scales far apart can leave one code for all values."""
    return any(f"{{{index}}}" in line for line in element.lines)


def is_uniform(values: Array) -> bool:
    """All elements are the same to the bit, and there is one."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.size == 0:
        return False
    raw = flat.view(np.uint8).reshape(flat.size, -1)
    return bool((raw == raw[0]).all())


def _has_rows(site: Site, tables: dict[int, Array]) -> bool:
    shape = site.output().shape
    if not site.live or 0 in shape or any(site.input(i).shape != shape for i in site.live):
        return False
    return all(math.prod(table.shape[:-1]) == 1 for table in tables.values())


def _row(
    site: Site, element: Element, reads: dict[int, str], symbols: dict[int, str], constants: tuple[Constant, ...]
) -> Kernel:
    names = {i: f"in{i}" if len(site.live) > 1 else "in" for i in site.live if reads_operand(element, i)}
    lines = [f"const {c_type(site.input(i))} *const {n} = x{i}[0];" for i, n in names.items()]
    lines += [f"(void)x{i};" for i in site.live if i not in names]
    extents: tuple[int, ...] = (site.rows[1], site.output().shape[-1]) if symbols else (site.row_elements,)
    strides: tuple[int, ...] = (extents[-1], 1) if symbols else (1,)
    places = {i: f"{n}[{linear(0, strides)}]" for i, n in names.items()}
    places |= {i: f"{symbol}[{linear(0, (0, 1))}]" for i, symbol in symbols.items()}
    body = fill(element.lines, {**reads, **places}, f"y0[{linear(0, strides)}]")
    lines += ["", *loops(extents, body)]
    text = function(f"{site.symbol}_row", row_arguments(site), lines)
    reaches = tuple(Reach() for _ in site.live)
    return Kernel(text, constants, element.helpers, reaches=reaches, elementwise=True)


def _whole(
    site: Site, element: Element, reads: dict[int, str], symbols: dict[int, str], constants: tuple[Constant, ...]
) -> Kernel:
    shape = site.output().shape
    if 0 in shape:
        return Kernel(function(site.symbol, whole_arguments(site), unused(site)))
    bases = {**{i: f"x{i}" for i in site.live}, **symbols}
    order = list(bases)
    steps = [broadcast_strides(site.input(i).shape, shape) for i in order]
    extents, columns = merge(shape, (contiguous(shape), *steps))
    places = {i: f"{bases[i]}[{linear(0, s)}]" for i, s in zip(order, columns[1:], strict=True)}
    body = fill(element.lines, {**reads, **places}, f"y0[{linear(0, columns[0])}]")
    lines = [f"(void)x{i};" for i in site.live if not reads_operand(element, i)]
    text = function(site.symbol, whole_arguments(site), [*lines, *loops(extents, body)])
    same = tuple(i for i in site.live if site.input(i).shape == shape and site.input(i).dtype == site.output().dtype)
    return Kernel(text, constants, element.helpers, aliases=same)


def fill(lines: Sequence[str], places: dict[int, str], target: str) -> list[str]:
    """The lines with the places of the operands and the output filled in."""
    filled = []
    for line in lines:
        for index, place in places.items():
            line = line.replace(f"{{{index}}}", place)
        filled.append(line.replace("{y}", target))
    return filled


def broadcast_strides(shape: Shape, out: Shape) -> tuple[int, ...]:
    """Strides of a tensor along the axes of a shape that it broadcasts to."""
    lead = len(out) - len(shape)
    own = contiguous(shape)
    return (0,) * lead + tuple(0 if extent == 1 else stride for extent, stride in zip(shape, own, strict=True))
