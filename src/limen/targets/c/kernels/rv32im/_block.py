"""The inner loop of depthwise convolutions in RV32IM assembler: a block of neighbouring positions, channel by channel.

All of the geometry is known here, so a block is straight code: each input code is fetched once, each weight once.
"""

from __future__ import annotations

from collections.abc import Iterator

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._packed._block import Block
from limen.targets.c.kernels.rv32im._codes import Rescaling, rescale

ROWS, STREAM, OUTPUT, CHANNEL, END, ROW = "a0", "a1", "a2", "a3", "a4", "a5"
TEMPORARY, INPUT = "t0", ("t1", "s11")
WEIGHT = ("t2", "t3", "t4", "t5", "t6", "a6")
SUM = ("s2", "s3", "s4", "s5", "s6", "s7")
MULTIPLIER, ROUNDING, SHIFT = "s0", "s1", "a7"
BIAS = (MULTIPLIER, ROUNDING, SHIFT)
LOW, MOST, UNIT = "s8", "s9", "s10"
SAVED = tuple(f"s{i}" for i in range(12))
MIDDLE = 2048


def name_of(block: Block) -> str:
    numbers = (block.depth, block.positions, block.rows, block.taps, block.stride, block.dilation, block.left)
    return f"limen_rv32_depthwise_{'_'.join(map(str, (*numbers, block.columns)))}{'s' if block.two_sided else ''}"


def fits(block: Block) -> bool:
    """Whether registers and the offsets of loads and stores suffice."""
    small = block.positions <= len(SUM) and block.taps <= len(WEIGHT) and block.rows * block.taps <= 64
    return block.complete and small and block.reach < 2 * MIDDLE and block.channel_bytes < MIDDLE


def block_routine(block: Block) -> Helper:
    """(rows, stream, output, parameters): see the comment in the text."""
    return Helper(name_of(block), "\n".join(_lines(block)) + "\n")


def _lines(block: Block) -> Iterator[str]:
    name = name_of(block)
    yield f"/* void {name}(const int8_t *const *rows, const uint8_t *stream, int8_t *y,"
    yield " *     const int32_t *parameters)"
    yield f" * {block.positions} positions, window {block.rows} x {block.taps}, all channels."
    cuts = len(block.cuts)
    yield f" * stream: for each channel: bias[{cuts}], weights[{block.rows * block.taps}], shift, multiplier;"
    yield " * parameters: lowest and highest code, 2 * zero point + 1, number of channels. */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield f"    .type {name}, @function"
    yield f"{name}:"
    yield from _indent(_enter(block))
    yield f".L{name}_channel:"
    yield from _indent(_sums(block))
    yield from _indent(_codes(block))
    yield f"    bne {CHANNEL}, {END}, .L{name}_channel"
    yield from _indent(_leave())
    yield f"    .size {name}, . - {name}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (line if line.endswith(":") else f"    {line}" for line in lines)


def _middle(block: Block) -> int:
    """Added to the addresses, so that offsets run from -2048."""
    return MIDDLE if block.reach >= MIDDLE else 0


def _enter(block: Block) -> Iterator[str]:
    yield "addi sp, sp, -48"
    for index, register in enumerate(SAVED):
        yield f"sw {register}, {4 * index}(sp)"
    yield f"lw {LOW}, 0(a3)"
    yield f"lw {MOST}, 4(a3)"
    yield f"lw {UNIT}, 8(a3)"
    yield f"lw {END}, 12(a3)"
    yield f"li {CHANNEL}, {_middle(block)}"
    yield f"add {END}, {END}, {CHANNEL}"
    if _middle(block):
        yield f"add {OUTPUT}, {OUTPUT}, {CHANNEL}"


def _leave() -> Iterator[str]:
    for index, register in enumerate(SAVED):
        yield f"lw {register}, {4 * index}(sp)"
    yield "addi sp, sp, 48"
    yield "ret"


def _sums(block: Block) -> Iterator[str]:
    cuts = block.cuts
    held = {cut: BIAS[i] for i, cut in enumerate(cuts) if i < len(BIAS)}
    for i, register in enumerate(held.values()):
        yield f"lw {register}, {4 * i}({STREAM})"
    started: set[int] = set()
    for row in range(block.rows):
        yield f"lw {ROW}, {4 * row}({ROWS})"
        yield f"add {ROW}, {ROW}, {CHANNEL}"
        used = sorted({tap for reads in block.uses.values() for _, tap in reads})
        columns = list(block.uses)
        yield _fetch(block, columns, 0)
        for tap in used:
            yield f"lb {WEIGHT[tap]}, {4 * len(cuts) + row * block.taps + tap}({STREAM})"
        for index, column in enumerate(columns):
            if index + 1 < len(columns):
                yield _fetch(block, columns, index + 1)
            for position, tap in block.uses[column]:
                yield from _product(block, position, f"{INPUT[index % 2]}, {WEIGHT[tap]}", position in started, held)
                started.add(position)


def _fetch(block: Block, columns: list[int], index: int) -> str:
    return f"lb {INPUT[index % 2]}, {columns[index] * block.depth - _middle(block)}({ROW})"


def _product(
    block: Block, position: int, factors: str, started: bool, held: dict[tuple[int, ...], str]
) -> Iterator[str]:
    total, cut = SUM[position], block.inside(position)
    if started:
        yield f"mul {TEMPORARY}, {factors}"
        yield f"add {total}, {total}, {TEMPORARY}"
    elif cut in held:
        yield f"mul {total}, {factors}"
        yield f"add {total}, {total}, {held[cut]}"
    else:
        yield f"lw {total}, {4 * block.cuts.index(cut)}({STREAM})"
        yield f"mul {TEMPORARY}, {factors}"
        yield f"add {total}, {total}, {TEMPORARY}"


def _codes(block: Block) -> Iterator[str]:
    yield f"lw {MULTIPLIER}, {block.multiplier_at}({STREAM})"
    yield f"lbu {SHIFT}, {block.shift_at}({STREAM})"
    yield f"addi {STREAM}, {STREAM}, {block.channel_bytes}"
    yield f"addi {CHANNEL}, {CHANNEL}, 1"
    yield f"sll {ROUNDING}, {UNIT}, {SHIFT}"
    yield f"addi {ROUNDING}, {ROUNDING}, 1"
    yield f"addi {SHIFT}, {SHIFT}, 1"
    how = Rescaling(MULTIPLIER, ROUNDING, SHIFT, LOW, MOST, block.two_sided)
    for position in range(block.positions):
        yield from rescale(SUM[position], how)
        yield f"sb {SUM[position]}, {position * block.depth - _middle(block)}({OUTPUT})"
    yield f"addi {OUTPUT}, {OUTPUT}, 1"
