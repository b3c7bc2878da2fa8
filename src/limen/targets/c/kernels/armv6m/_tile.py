"""The inner loop of convolutions in ARMv6-M assembler: one output channel by 2 or 4 positions.

As on RV32IM, a word holds the input codes of two positions and one MULS makes both products; what a group of weights
adds to both halves of an accumulator fits 16 bits. A jump into straight code runs as many weights as a group has.
"""

from __future__ import annotations

from collections.abc import Iterator

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv6m._scaling import Flavour, Registers, rescale, split_multiplier

LARGEST = 14  # weights in a group, as far as a conditional branch reaches
PATCH, STREAM, WEIGHT, ZERO = "r0", "r1", "r2", "r7"
INPUT, PACKED = ("r3", "r4"), ("r5", "r6")
HIGH, WIDE = ("r8", "r9"), ("r10", "r11")
END, START = "r12", "lr"

TOTAL, OUTPUT = "r0", "r2"
WHERE = Registers(("r4", "r5", "r6"), END, "r3", ("r1", "r7"), low=0, high=4, limit=8)
STRIDE = "lr"
AT_ROUNDING, AT_STRIDE, AT_PATCH, AT_OUTPUT, AT_COUNT, AT_MULTIPLIER, AT_SHIFT, AT_STREAM = range(12, 44, 4)
FRAME = 44

# parameters, in bytes: bytes between positions of y, lowest and highest code, 2 * zero point + 1, number of channels
P_STRIDE, P_LOW, P_HIGH, P_ROUNDING, P_COUNT = 0, 4, 8, 12, 16


def tile(pairs: int, how: Flavour) -> Helper:
    """The routine for ``2 * pairs`` positions: (patch, stream, output, parameters)."""
    name = f"limen_m0_tile{2 * pairs}{how.suffix}"
    return Helper(name, "\n".join(_lines(name, pairs, how)) + "\n")


def weight_bytes(pairs: int) -> int:
    """Size of the code for one weight."""
    return 2 * (3 + 2 * pairs)


def _lines(name: str, pairs: int, how: Flavour) -> Iterator[str]:
    yield f"/* void {name}(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters)"
    yield f" * {2 * pairs} positions of all output channels, one channel at a time."
    yield " * patch: for each weight of a channel, its input code at the positions, two to a word;"
    yield " * stream: for each channel: where the sums of odd and even positions start, multiplier, bytes of groups and"
    yield f" * shift (16 bits each); then the groups: {LARGEST} less its size, and its weights;"
    yield " * parameters: bytes between positions of y, lowest and highest code, 2 * zero point + 1, channels. */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield "    .thumb_func"
    yield f"    .type {name}, %function"
    yield f"{name}:"
    yield from _indent(_enter())
    yield f".L{name}_channel:"
    yield from _indent(_begin(pairs))
    yield f"    beq .L{name}_done"
    yield f".L{name}_group:"
    yield from _indent(_group(pairs))
    yield f"    cmp {STREAM}, {END}"
    yield f"    bne .L{name}_group"
    yield f".L{name}_done:"
    yield from _indent(_constants())
    for pair in range(pairs):
        yield from _indent(_pair(pair, how))
    yield from _indent(_next(f".L{name}_channel", f".L{name}_leave"))
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
    yield f"str r0, [sp, #{AT_PATCH}]"
    yield f"str r2, [sp, #{AT_OUTPUT}]"
    for source, target in (
        (P_LOW, WHERE.low), (P_HIGH, WHERE.high), (P_ROUNDING, AT_ROUNDING), (P_STRIDE, AT_STRIDE), (P_COUNT, AT_COUNT)
    ):  # fmt: skip
        yield f"ldr r4, [r3, #{source}]"
        yield f"str r4, [sp, #{target}]"
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


def _begin(pairs: int) -> Iterator[str]:
    """The sums start at the bias; ends with the flags of whether there are no weights."""
    yield f"ldmia {STREAM}!, {{r2-r5}}"
    for pair in range(pairs):
        yield f"mov {HIGH[pair]}, r2"
        yield f"mov {WIDE[pair]}, r3"
    yield f"str r4, [sp, #{AT_MULTIPLIER}]"
    yield "lsrs r6, r5, #16"
    yield f"str r6, [sp, #{AT_SHIFT}]"
    yield "uxth r5, r5"
    yield f"adds r5, r5, {STREAM}"
    yield f"mov {END}, r5"
    yield f"ldr {PATCH}, [sp, #{AT_PATCH}]"
    yield "movs r4, #128"
    yield "lsls r4, r4, #8"
    yield f"mov {START}, r4"
    yield f"movs {ZERO}, #0"
    yield f"cmp {STREAM}, {END}"


def _group(pairs: int) -> Iterator[str]:
    """Jumps over the weights that the group has not, then adds both halves to the sums."""
    yield f"ldrb {WEIGHT}, [{STREAM}]"
    yield f"adds {STREAM}, #1"
    yield f"movs {INPUT[0]}, #{weight_bytes(pairs)}"
    yield f"muls {WEIGHT}, {INPUT[0]}"
    for pair in range(pairs):
        yield f"mov {PACKED[pair]}, {START}"
    yield f"add pc, {WEIGHT}"
    yield "nop"
    for _ in range(LARGEST):
        yield f"ldmia {PATCH}!, {{{', '.join(INPUT[:pairs])}}}"
        yield f"ldrsb {WEIGHT}, [{STREAM}, {ZERO}]"
        yield f"adds {STREAM}, #1"
        for pair in range(pairs):
            yield f"muls {INPUT[pair]}, {WEIGHT}"
            yield f"adds {PACKED[pair]}, {PACKED[pair]}, {INPUT[pair]}"
    for pair in range(pairs):
        yield f"asrs {WEIGHT}, {PACKED[pair]}, #16"
        yield f"add {WIDE[pair]}, {PACKED[pair]}"
        yield f"add {HIGH[pair]}, {WEIGHT}"


def _constants() -> Iterator[str]:
    """The next header is aligned to a word."""
    yield f"adds {STREAM}, #3"
    yield f"lsrs {STREAM}, {STREAM}, #2"
    yield f"lsls {STREAM}, {STREAM}, #2"
    yield f"str {STREAM}, [sp, #{AT_STREAM}]"
    yield f"ldr r7, [sp, #{AT_MULTIPLIER}]"
    yield from split_multiplier("r7", WHERE.pieces)
    yield f"ldr {WHERE.shift}, [sp, #{AT_SHIFT}]"
    yield f"ldr r7, [sp, #{AT_ROUNDING}]"
    yield f"lsls r7, {WHERE.shift}"
    yield "adds r7, #1"
    yield f"mov {WHERE.rounding}, r7"
    yield f"adds {WHERE.shift}, #1"
    yield f"ldr r7, [sp, #{AT_STRIDE}]"
    yield f"mov {STRIDE}, r7"
    yield f"ldr {OUTPUT}, [sp, #{AT_OUTPUT}]"
    yield f"adds {TOTAL}, {OUTPUT}, #1"
    yield f"str {TOTAL}, [sp, #{AT_OUTPUT}]"


def _pair(pair: int, how: Flavour) -> Iterator[str]:
    """The codes of two positions: wide less high times 2^16, and high."""
    yield f"mov {TOTAL}, {WIDE[pair]}"
    yield f"mov r1, {HIGH[pair]}"
    yield "lsls r1, r1, #16"
    yield f"subs {TOTAL}, {TOTAL}, r1"
    yield from _store(how)
    yield f"mov {TOTAL}, {HIGH[pair]}"
    yield from _store(how)


def _store(how: Flavour) -> Iterator[str]:
    yield from rescale(TOTAL, WHERE, how)
    yield f"strb {TOTAL}, [{OUTPUT}]"
    yield f"add {OUTPUT}, {STRIDE}"


def _next(again: str, leave: str) -> Iterator[str]:
    yield f"ldr {STREAM}, [sp, #{AT_STREAM}]"
    yield f"ldr r3, [sp, #{AT_COUNT}]"
    yield "subs r3, #1"
    yield f"str r3, [sp, #{AT_COUNT}]"
    yield f"beq {leave}"
    yield f"b {again}"
