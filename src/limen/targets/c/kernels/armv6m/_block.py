"""The inner loop of depthwise convolutions in ARMv6-M assembler: up to five positions, channel by channel.

The geometry is known, so a block is straight code; the number of channels is not, so layers share blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels._packed._block import Block
from limen.targets.c.kernels.armv6m._scaling import Flavour, Registers, rescale, split_multiplier

ROW, STREAM, WEIGHT, INPUT, TEMPORARY, ZERO = "r0", "r1", ("r2", "r3", "r4"), "r5", "r6", "r7"
SUM, STRIDE = ("r8", "r9", "r10", "r11", "r12"), "lr"

TOTAL, OUTPUT = "r0", "r1"
WHERE = Registers(("r2", "r3", "r4"), "lr", "r5", ("r6", "r7"), low=0, high=4, limit=8)
AT_UNIT, AT_ROWS, AT_OUTPUT, AT_STREAM, AT_CHANNEL, AT_END = range(12, 36, 4)  # AT_END is the stride as well
FRAME = 36
_MOST_TAPS, _MOST_STEP = 30, 6


def fits(block: Block) -> bool:
    """Whether a block stays within the range of a branch, and its columns close together."""
    taps = block.rows * block.taps
    near = block.dilation <= _MOST_STEP and block.stride <= _MOST_STEP and block.rows < 32
    return block.complete and near and taps <= _MOST_TAPS and block.positions <= len(SUM) and len(block.cuts) < 32


def block_routine(block: Block) -> Helper:
    """(rows, stream, output, parameters): see the comment in the text."""
    common = replace(block, depth=1)
    return Helper(_name(common), "\n".join(_lines(common)) + "\n")


def _name(block: Block) -> str:
    numbers = (block.positions, block.rows, block.taps, block.stride, block.dilation, block.left, block.columns)
    return f"limen_m0_depthwise_{'_'.join(map(str, numbers))}{Flavour(block.two_sided, block.wide).suffix}"


def _lines(block: Block) -> Iterator[str]:
    name = _name(block)
    yield f"/* void {name}(const int8_t *const *rows, const uint8_t *stream, int8_t *y,"
    yield " *     const int32_t *parameters)"
    yield f" * {block.positions} positions, window {block.rows} x {block.taps}, all channels."
    cuts = len(block.cuts)
    yield f" * stream: for each channel: bias[{cuts}], weights[{block.rows * block.taps}], shift, multiplier;"
    yield " * parameters: lowest and highest code, 2 * zero point + 1, number of channels. */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield "    .thumb_func"
    yield f"    .type {name}, %function"
    yield f"{name}:"
    yield from _indent(_enter())
    yield f".L{name}_channel:"
    yield from _indent(_sums(block))
    yield from _indent(_codes(block))
    yield f"    beq .L{name}_leave"
    yield f"    b .L{name}_channel"
    yield f".L{name}_leave:"
    yield from _indent(_leave())
    yield f"    .size {name}, . - {name}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (line if line.endswith(":") else f"    {line}" for line in lines)


def _enter() -> Iterator[str]:
    yield "push {r4-r7, lr}"
    for low, high in (("r4", "r8"), ("r5", "r9"), ("r6", "r10"), ("r7", "r11")):
        yield f"mov {low}, {high}"
    yield "push {r4-r7}"
    yield f"sub sp, #{FRAME}"
    yield f"str r0, [sp, #{AT_ROWS}]"
    yield f"str r2, [sp, #{AT_OUTPUT}]"
    for source, target in ((0, WHERE.low), (4, WHERE.high), (8, AT_UNIT), (12, AT_END)):
        yield f"ldr r4, [r3, #{source}]"
        yield f"str r4, [sp, #{target}]"
    yield "movs r4, #0"
    yield f"str r4, [sp, #{AT_CHANNEL}]"
    yield "movs r4, #1"
    yield "lsls r4, r4, #20"
    yield "subs r4, #1"
    yield f"str r4, [sp, #{WHERE.limit}]"


def _leave() -> Iterator[str]:
    yield f"add sp, #{FRAME}"
    yield "pop {r4-r7}"
    for low, high in (("r4", "r8"), ("r5", "r9"), ("r6", "r10"), ("r7", "r11")):
        yield f"mov {high}, {low}"
    yield "pop {r4-r7, pc}"


def _sums(block: Block) -> Iterator[str]:
    for index, cut in enumerate(block.cuts):
        yield f"ldr {TEMPORARY}, [{STREAM}, #{4 * index}]"
        for position in range(block.positions):
            if block.inside(position) == cut:
                yield f"mov {SUM[position]}, {TEMPORARY}"
    yield f"adds {STREAM}, #{4 * len(block.cuts)}"
    yield f"ldr {TEMPORARY}, [sp, #{AT_END}]"
    yield f"mov {STRIDE}, {TEMPORARY}"
    yield f"movs {ZERO}, #0"
    for row in range(block.rows):
        for first in range(0, block.taps, len(WEIGHT)):
            yield from _taps(block, row, range(first, min(first + len(WEIGHT), block.taps)))


def _taps(block: Block, row: int, taps: range) -> Iterator[str]:
    """What some taps of one row add to all sums."""
    for register in WEIGHT[: len(taps)]:
        yield f"ldrsb {register}, [{STREAM}, {ZERO}]"
        yield f"adds {STREAM}, #1"
    uses = {column: [(p, t) for p, t in reads if t in taps] for column, reads in block.uses.items()}
    columns = [column for column, reads in uses.items() if reads]
    if not columns:
        return
    yield f"ldr {TEMPORARY}, [sp, #{AT_ROWS}]"
    yield f"ldr {ROW}, [{TEMPORARY}, #{4 * row}]"
    yield f"ldr {TEMPORARY}, [sp, #{AT_CHANNEL}]"
    yield f"adds {ROW}, {ROW}, {TEMPORARY}"
    at = 0
    for column in columns:
        for _ in range(column - at):
            yield f"add {ROW}, {STRIDE}"
        at = column
        yield f"ldrsb {INPUT}, [{ROW}, {ZERO}]"
        for index, (position, tap) in enumerate(uses[column]):
            last = index + 1 == len(uses[column])
            product = INPUT if last else TEMPORARY
            if not last:
                yield f"movs {TEMPORARY}, {INPUT}"
            yield f"muls {product}, {WEIGHT[tap - taps.start]}"
            yield f"add {SUM[position]}, {product}"


def _codes(block: Block) -> Iterator[str]:
    """Ends with the flags of whether this was the last channel."""
    yield f"ldrb {WHERE.shift}, [{STREAM}]"
    yield f"adds {STREAM}, #{block.multiplier_at - block.shift_at}"
    yield f"ldmia {STREAM}!, {{{WHERE.pieces[2]}}}"
    yield f"str {STREAM}, [sp, #{AT_STREAM}]"
    yield from split_multiplier(WHERE.pieces[2], WHERE.pieces)
    yield f"ldr {TEMPORARY}, [sp, #{AT_UNIT}]"
    yield f"lsls {TEMPORARY}, {WHERE.shift}"
    yield f"adds {TEMPORARY}, #1"
    yield f"mov {WHERE.rounding}, {TEMPORARY}"
    yield f"adds {WHERE.shift}, #1"
    yield f"ldr {OUTPUT}, [sp, #{AT_OUTPUT}]"
    yield f"adds {TEMPORARY}, {OUTPUT}, #1"
    yield f"str {TEMPORARY}, [sp, #{AT_OUTPUT}]"
    for position in range(block.positions):
        yield f"mov {TOTAL}, {SUM[position]}"
        yield from rescale(TOTAL, WHERE, Flavour(block.two_sided, block.wide))
        yield f"strb {TOTAL}, [{OUTPUT}]"
        if position + 1 < block.positions:
            yield f"ldr {TEMPORARY}, [sp, #{AT_END}]"
            yield f"adds {OUTPUT}, {OUTPUT}, {TEMPORARY}"
    yield f"ldr {STREAM}, [sp, #{AT_STREAM}]"
    yield f"ldr {TEMPORARY}, [sp, #{AT_CHANNEL}]"
    yield f"ldr {INPUT}, [sp, #{AT_END}]"
    yield f"adds {TEMPORARY}, #1"
    yield f"str {TEMPORARY}, [sp, #{AT_CHANNEL}]"
    yield f"cmp {TEMPORARY}, {INPUT}"
