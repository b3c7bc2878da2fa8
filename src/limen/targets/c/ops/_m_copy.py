"""Movements of elements: blocks that are copied with constant strides, whole or row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from limen.program import Array, Shape
from limen.targets.c._kernel import Constant, Kernel, Reach, Site, c_type
from limen.targets.c.ops._e_codes import unsupported
from limen.targets.c.ops._e_text import (
    contiguous,
    function,
    linear,
    literal,
    loops,
    offset,
    row_arguments,
    unused,
    whole_arguments,
)
from limen.targets.c.ops._m_loops import Strides, merge


@dataclass(frozen=True)
class Block:
    """A block of elements on its way from an input to an output; one entry per axis of the output as long as possible.

    Args:
        extents: of the block.
        source, target: strides in elements.
        source_start, target_start: where it starts, in elements.
        read: index of the input.
        write: index of the output.
        through: what is done to each element on the way, ``{}`` being the element; empty for nothing.
    """

    extents: Shape
    source: Strides
    target: Strides
    source_start: int = 0
    target_start: int = 0
    read: int = 0
    write: int = 0
    through: str = ""


def moved(site: Site, blocks: Sequence[Block], constants: Sequence[Constant] = ()) -> Kernel:
    """The kernel that copies the blocks, which together fill the outputs.

    Rank 4 with one output, where rows stay rows, takes the row form.

    Raises:
        UnsupportedOp: float16.
    """
    refuse_half(site)
    arrays = constant_operands(site)
    if site.live and len(site.operands.outputs) == 1 and all(keeps_rows(site, block) for block in blocks):
        return _rows(site, blocks, (*constants, *arrays))
    names = operand_names(site)
    types = [c_type(t) for t in site.operands.outputs]
    lines = [line for b in blocks for line in copy(b, types[b.write], names[b.read], f"y{b.write}")]
    text = function(site.symbol, whole_arguments(site), [*untouched(site, blocks), *lines])
    return Kernel(text, (*constants, *arrays))


def untouched(site: Site, blocks: Sequence[Block]) -> list[str]:
    """Statements that name the arguments that no block moves."""
    full = [b for b in blocks if 0 not in b.extents]
    names = {f"x{b.read}" for b in full} | {f"y{b.write}" for b in full}
    return [line for line in unused(site) if line[len("(void)") : -1] not in names]


def refuse_half(site: Site) -> None:
    """Raise UnsupportedOp for float16, which C11 has no type for."""
    if site.output().dtype == "float16":
        raise unsupported(site)


def operand_names(site: Site) -> dict[int, str]:
    """C name of every input: an argument or a constant."""
    present = {i: t for i, t in enumerate(site.operands.inputs) if t is not None}
    return {i: f"x{i}" if t.data is None else site.local(f"x{i}") for i, t in present.items()}


def constant_operands(site: Site) -> tuple[Constant, ...]:
    """The inputs that are constants, under their names."""
    found = ((i, t.data) for i, t in enumerate(site.operands.inputs) if t is not None)
    return tuple(Constant(site.local(f"x{i}"), d, 4, f"Operand {i}.") for i, d in found if d is not None and d.size)


def keeps_rows(site: Site, block: Block) -> bool:
    """Whether a block moves elements only within the rows of a rank-4 tensor."""
    x, y = site.input(block.read), site.output()
    if (
        x.data is not None
        or len(x.shape) != 4
        or len(y.shape) != 4
        or len(block.extents) < 4
        or 0 in (*y.shape, *block.extents)
    ):
        return False
    own, result = contiguous(x.shape), contiguous(y.shape)
    outer = x.shape[:2] == y.shape[:2] == block.extents[:2]
    steps = block.source[:2] == own[:2] and block.target[:2] == result[:2]
    return outer and steps and 0 <= block.source_start < max(own[1], 1) and 0 <= block.target_start < result[1]


def _rows(site: Site, blocks: Sequence[Block], constants: tuple[Constant, ...]) -> Kernel:
    kind, single = c_type(site.output()), len(site.live) == 1
    names = {i: "in" if single else f"in{i}" for i in site.live}
    lines = [f"const {kind} *const {name} = x{i}[0];" for i, name in names.items()]
    count = site.rows[1] // site.output().shape[2]
    body = []
    for block in blocks:
        row = replace(
            block,
            extents=(count, *block.extents[2:]),
            source=block.source[1:],
            target=block.target[1:],
        )
        body += copy(row, kind, names[block.read], "y0")
    text = function(f"{site.symbol}_row", row_arguments(site), [*lines, "", *body])
    return Kernel(text, constants, reaches=tuple(Reach() for _ in site.live))


def copy(block: Block, ctype: str, source: str, target: str) -> list[str]:
    """C lines that copy a block: loops around ``memcpy`` of what lies together on both sides."""
    if 0 in block.extents:
        return []
    axes = sorted(range(len(block.extents)), key=lambda a: (-abs(block.target[a]), a))
    extents = [block.extents[a] for a in axes]
    strides = [tuple(s[a] for a in axes) for s in (block.source, block.target)]
    merged, (reads, writes) = merge(extents, strides)
    order = sorted(range(len(merged)), key=lambda a: (reads[a], writes[a]) == (1, 1))
    merged, reads, writes = (tuple(v[a] for a in order) for v in (merged, reads, writes))
    inner, step = merged[-1], (reads[-1], writes[-1])
    if step == (1, 1) and inner > 1 and not block.through:
        place = offset(target, block.target_start, writes[:-1]), offset(source, block.source_start, reads[:-1])
        size = inner * ITEM_BYTES[ctype]
        return loops(merged[:-1], [f"memcpy({place[0]}, {place[1]}, {size}u);"])
    value = f"{source}[{linear(block.source_start, reads)}]"
    if step == (0, 1) and inner > 1 and ITEM_BYTES[ctype] == 1 and not block.through:
        value = f"{source}[{linear(block.source_start, reads[:-1])}]"
        return loops(merged[:-1], [f"memset({offset(target, block.target_start, writes[:-1])}, {value}, {inner}u);"])
    value = block.through.format(value) if block.through else value
    extents_of_loops = () if merged == (1,) else merged
    return loops(extents_of_loops, [f"{target}[{linear(block.target_start, writes)}] = {value};"])


ITEM_BYTES = {
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "float": 4,
    "double": 8,
}


def fill(ctype: str, target: str, start: int, count: int, value: str, zero: bool) -> list[str]:
    """C lines that set a run of elements.

    Args:
        value: C expression of the element.
        zero: its bytes are all 0.
    """
    if count == 0:
        return []
    place = offset(target, start, ())
    size = ITEM_BYTES[ctype]
    if zero or size == 1:
        return [f"memset({place}, {0 if zero else value}, {count * size}u);"]
    return loops((count,), [f"{target}[{linear(start, (1,))}] = {value};"])


def constant_fill(ctype: str, target: str, start: int, count: int, value: Array) -> list[str]:
    """``fill`` with a number."""
    zero = not any(np.ascontiguousarray(value).tobytes())
    return fill(ctype, target, start, count, literal(np.asarray(value)), zero)
