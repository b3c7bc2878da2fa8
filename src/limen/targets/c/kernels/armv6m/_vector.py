"""The inner loop of fully connected layers in ARMv6-M assembler: 4 output channels of one position.

Weights come four to a word (see _packed._connected). The input is prepared as triples of words: the prefix sum before a
pair of codes, and the two codes.
"""

from __future__ import annotations

from collections.abc import Iterator

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv6m._scaling import Flavour, Registers, rescale, split_multiplier

CHANNELS = 4
INPUT, STREAM, WORD, TEMPORARY, CODE, MASK = "r0", "r1", "r2", "r3", "r4", "r7"
PACKED, HIGH, WIDE, END = ("r5", "r6"), ("r8", "r9"), ("r10", "r11"), "r12"

TOTAL, HEADER = "r0", "r1"
WHERE = Registers(("r2", "r3", "r4"), "lr", "r5", ("r6", "r7"), low=0, high=4, limit=8)
AT_UNIT, AT_COUNT, AT_INPUT, AT_OUTPUT, AT_HEADER, AT_COUNTS, AT_MASK, AT_STREAM = range(12, 44, 4)
FRAME = 44

# header of 4 channels in the stream, in bytes
H_MULTIPLIER, H_SHIFT, H_SKIP = 16, 32, 36


def vector(how: Flavour, once: bool) -> Helper:
    """(prepared input, stream, output, parameters): see the comment in the text.

    Args:
        how: codes below the zero point are of no account where it rounds once.
        once: the layer rounds once (see _packed._round_once).
    """
    how = Flavour(how.two_sided and not once, how.wide)
    name = f"limen_m0_vector{'' if once else '_twice'}{how.suffix}"
    return Helper(name, "\n".join(_lines(name, how, once)) + "\n")


def _lines(name: str, how: Flavour, once: bool) -> Iterator[str]:
    yield f"/* void {name}(const int32_t *prefix, const uint8_t *stream, int8_t *y, const int32_t *parameters)"
    yield " * All output channels of one position, four at a time."
    yield " * prefix: 0x00800080 times the sum of the codes so far, and the next two codes; so on, and the whole sum;"
    yield " * stream: for each four channels: starts of the sums[4], multiplier[4], shift[4], words of counts, inputs"
    yield " * of each group / 2, a zero; then, at the next word, the weights of four channels by input, plus 128;"
    yield " * parameters: lowest and highest code, 2 * zero point + 1, number of fours. */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield "    .thumb_func"
    yield f"    .type {name}, %function"
    yield f"{name}:"
    yield from _indent(_enter())
    yield f".L{name}_four:"
    yield from _indent(_begin())
    yield f"    b .L{name}_count"
    yield f".L{name}_group:"
    yield from _indent(_group())
    yield f".L{name}_weights:"
    yield from _indent(_two_inputs())
    yield f"    bne .L{name}_weights"
    yield from _indent(_flush())
    yield f".L{name}_count:"
    yield from _indent(_count())
    yield f"    bne .L{name}_group"
    yield f"    str {STREAM}, [sp, #{AT_STREAM}]"
    yield f"    ldr {HEADER}, [sp, #{AT_HEADER}]"
    for index in range(len(PACKED)):
        yield from _indent(_pair(index, how, once))
    yield from _indent(_next())
    yield f"    beq .L{name}_leave"
    yield f"    b .L{name}_four"
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
    yield f"str r0, [sp, #{AT_INPUT}]"
    yield f"str r2, [sp, #{AT_OUTPUT}]"
    for source, target in ((0, WHERE.low), (4, WHERE.high), (8, AT_UNIT), (12, AT_COUNT)):
        yield f"ldr r4, [r3, #{source}]"
        yield f"str r4, [sp, #{target}]"
    yield "movs r4, #1"
    yield "lsls r4, r4, #20"
    yield "subs r4, #1"
    yield f"str r4, [sp, #{WHERE.limit}]"
    yield "movs r4, #255"
    yield "lsls r5, r4, #16"
    yield "adds r4, r4, r5"
    yield f"str r4, [sp, #{AT_MASK}]"


def _leave() -> Iterator[str]:
    yield f"add sp, #{FRAME}"
    yield "pop {r4-r7}"
    for low, high in (("r4", "r8"), ("r5", "r9"), ("r6", "r10"), ("r7", "r11")):
        yield f"mov {high}, {low}"
    yield "pop {r4-r7, pc}"


def _begin() -> Iterator[str]:
    yield f"str {STREAM}, [sp, #{AT_HEADER}]"
    for index in range(len(PACKED)):
        yield f"ldr r3, [{STREAM}, #{8 * index}]"
        yield f"mov {HIGH[index]}, r3"
        yield f"ldr r3, [{STREAM}, #{8 * index + 4}]"
        yield f"mov {WIDE[index]}, r3"
    yield f"adds {STREAM}, #{H_SKIP}"
    yield f"adds r3, {STREAM}, #1"
    yield f"str r3, [sp, #{AT_COUNTS}]"
    yield f"ldrb r3, [{STREAM}]"
    yield "lsls r3, r3, #2"
    yield f"adds {STREAM}, {STREAM}, r3"
    yield f"ldr {INPUT}, [sp, #{AT_INPUT}]"
    yield f"ldr {MASK}, [sp, #{AT_MASK}]"
    yield f"movs {WORD}, #0"


def _count() -> Iterator[str]:
    """The next group's size in pairs of inputs; ends with the flags of whether there is one."""
    yield f"ldr {CODE}, [sp, #{AT_COUNTS}]"
    yield f"ldrb {TEMPORARY}, [{CODE}]"
    yield f"adds {CODE}, #1"
    yield f"str {CODE}, [sp, #{AT_COUNTS}]"
    yield f"cmp {TEMPORARY}, #0"


def _group() -> Iterator[str]:
    """The accumulators start at 0x8000 and the prefix sum so far, which is in WORD."""
    yield f"lsls {TEMPORARY}, {TEMPORARY}, #3"
    yield f"adds {TEMPORARY}, {TEMPORARY}, {STREAM}"
    yield f"mov {END}, {TEMPORARY}"
    yield f"movs {TEMPORARY}, #128"
    yield f"lsls {TEMPORARY}, {TEMPORARY}, #8"
    for packed in PACKED:
        yield f"adds {packed}, {TEMPORARY}, {WORD}"


def _two_inputs() -> Iterator[str]:
    yield f"adds {INPUT}, #4"
    for _ in range(2):
        yield f"ldmia {INPUT}!, {{{CODE}}}"
        yield f"ldmia {STREAM}!, {{{WORD}}}"
        yield f"movs {TEMPORARY}, {WORD}"
        yield f"lsrs {WORD}, {WORD}, #8"
        yield f"ands {TEMPORARY}, {MASK}"
        yield f"ands {WORD}, {MASK}"
        yield f"muls {TEMPORARY}, {CODE}"
        yield f"muls {WORD}, {CODE}"
        yield f"adds {PACKED[0]}, {PACKED[0]}, {TEMPORARY}"
        yield f"adds {PACKED[1]}, {PACKED[1]}, {WORD}"
    yield f"cmp {STREAM}, {END}"


def _flush() -> Iterator[str]:
    yield f"ldr {WORD}, [{INPUT}]"
    for packed, high, wide in zip(PACKED, HIGH, WIDE, strict=True):
        yield f"subs {packed}, {packed}, {WORD}"
        yield f"asrs {TEMPORARY}, {packed}, #16"
        yield f"add {wide}, {packed}"
        yield f"add {high}, {TEMPORARY}"


def _pair(index: int, how: Flavour, once: bool) -> Iterator[str]:
    """The codes of channels ``index`` and ``index + 2``: wide less high times 2^16, and high."""
    yield f"mov {TOTAL}, {WIDE[index]}"
    yield f"mov r2, {HIGH[index]}"
    yield "lsls r2, r2, #16"
    yield f"subs {TOTAL}, {TOTAL}, r2"
    yield from _store(index, how, once)
    yield f"mov {TOTAL}, {HIGH[index]}"
    yield from _store(index + 2, how, once)


def _store(channel: int, how: Flavour, once: bool) -> Iterator[str]:
    yield f"ldr r6, [sp, #{AT_UNIT}]"
    yield f"movs {WHERE.shift}, #{H_SHIFT + channel}"
    yield f"ldrb {WHERE.shift}, [{HEADER}, {WHERE.shift}]"
    yield f"lsls r6, {WHERE.shift}"
    if not once:
        yield "adds r6, #1"
    yield f"mov {WHERE.rounding}, r6"
    yield f"adds {WHERE.shift}, #1"
    yield f"ldr r4, [{HEADER}, #{H_MULTIPLIER + 4 * channel}]"
    yield from split_multiplier("r4", WHERE.pieces)
    yield from rescale(TOTAL, WHERE, how)
    yield f"ldr r6, [sp, #{AT_OUTPUT}]"
    yield f"strb {TOTAL}, [r6, #{channel}]"


def _next() -> Iterator[str]:
    yield f"ldr {STREAM}, [sp, #{AT_STREAM}]"
    yield f"adds r6, #{CHANNELS}"
    yield f"str r6, [sp, #{AT_OUTPUT}]"
    yield f"ldr r6, [sp, #{AT_COUNT}]"
    yield "subs r6, #1"
    yield f"str r6, [sp, #{AT_COUNT}]"
