"""The inner loop of convolutions in RV32IM assembler: 2 output channels by 2, 4 or 6 positions.

Without packed arithmetic, one MUL still makes two products. A word of the patch holds one input code at two positions,
``x[a] + (x[b] << 16)``; times a weight, it adds ``x[a] * w`` to the low and ``x[b] * w`` to the high half of an
accumulator P. As long as both sums fit 16 bits, which the compiler proves for each *group* of weights, the halves of
P + 0x8000 are read back by two instructions that keep two exact sums going::

    high += P >> 16          the sum of position b
    wide += P                the sum of position a, plus 2^16 times that of position b, modulo 2^32

At the end ``wide - (high << 16)`` is the sum of position a.
"""

from __future__ import annotations

from collections.abc import Iterator

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.rv32im._codes import Rescaling, rescale

CHANNELS = 2
PATCH, STREAM, END, PARAMETERS, TEMPORARY = "a0", "a1", "a2", "t5", "t0"
INPUT = ("a3", "a4", "a5")
WEIGHT = ("t3", "t4")
PACKED = (("s0", "s1", "a6"), ("a7", "t1", "t2"))
HIGH = (("s2", "s3", "s4"), ("s5", "s6", "s7"))
WIDE = (("s8", "s9", "s10"), ("s11", "t6", "ra"))

# Once the sums are complete, the registers of the inner loop hold the constants of the rescaling.
OUTPUT, STRIDE, LOW, MOST = "a3", "a4", "a5", "s0"
MULTIPLIER, ROUNDING, SHIFT = ("s1", "a6"), ("a7", "t1"), ("t2", "t3")

SAVED = ("ra", *(f"s{i}" for i in range(12)))
FRAME = 80
AT_PATCH, AT_OUTPUT, AT_HEADER, AT_COUNT = 52, 56, 60, 64

# struct of the caller, in bytes
P_STRIDE, P_LOW, P_HIGH, P_ROUNDING, P_PAIRS = 0, 4, 8, 12, 16
# header of a pair of channels in the stream, in bytes
H_BIAS, H_MULTIPLIER, H_SHIFT, H_GROUPS, H_BYTES = 0, 8, 16, 18, 20


def tile_name(pairs: int, two_sided: bool) -> str:
    return f"limen_rv32_tile{2 * pairs}{'s' if two_sided else ''}"


def tile(pairs: int, two_sided: bool) -> Helper:
    """The routine for ``2 * pairs`` positions.

    Args:
        two_sided: whether codes below the zero point occur.
    """
    return Helper(tile_name(pairs, two_sided), "\n".join(_lines(pairs, two_sided)) + "\n")


def _lines(pairs: int, two_sided: bool) -> Iterator[str]:
    name = tile_name(pairs, two_sided)
    yield f"/* void {name}(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters)"
    yield f" * {2 * pairs} positions of all output channels, two channels at a time."
    yield " * patch: for each weight of a channel, its input code at the positions, two to a word;"
    yield " * stream: for each two channels: bias[2], multiplier[2], shift[2], number of groups; then the groups, each"
    yield " * a byte of its size + 1 and the weights of both channels in turn; then a zero;"
    yield " * parameters: bytes between positions of y, lowest and highest code, 2 * zero point + 1, pairs of channels."
    yield " */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield f"    .type {name}, @function"
    yield f"{name}:"
    yield from _indent(_enter())
    yield f".L{name}_pair:"
    yield from _indent(_begin_pair(pairs))
    yield f"    beqz {END}, .L{name}_done"
    yield f".L{name}_group:"
    yield from _indent(_first(pairs))
    yield f"    beq {STREAM}, {END}, .L{name}_flush"
    yield f".L{name}_weights:"
    yield from _indent(_two_weights(pairs))
    yield f"    bne {STREAM}, {END}, .L{name}_weights"
    yield f".L{name}_flush:"
    yield from _indent(_flush(pairs))
    yield f"    bnez {END}, .L{name}_group"
    yield f".L{name}_done:"
    yield from _indent(_rescale_constants())
    for pair in range(pairs):
        yield from _indent(_split(pair))
        for sums in (WIDE, HIGH):
            for channel in range(CHANNELS):
                yield from _indent(_store(sums[channel][pair], channel, two_sided))
            yield f"    add {OUTPUT}, {OUTPUT}, {STRIDE}"
    yield from _indent(_next_pair(f".L{name}_pair"))
    yield from _indent(_leave())
    yield f"    .size {name}, . - {name}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" if not line.endswith(":") else line for line in lines)


def _enter() -> Iterator[str]:
    yield f"addi sp, sp, -{FRAME}"
    for index, register in enumerate(SAVED):
        yield f"sw {register}, {4 * index}(sp)"
    yield f"mv {PARAMETERS}, a3"
    yield f"lw {TEMPORARY}, {P_PAIRS}({PARAMETERS})"
    yield f"sw a0, {AT_PATCH}(sp)"
    yield f"sw a2, {AT_OUTPUT}(sp)"
    yield f"sw {TEMPORARY}, {AT_COUNT}(sp)"


def _leave() -> Iterator[str]:
    for index, register in enumerate(SAVED):
        yield f"lw {register}, {4 * index}(sp)"
    yield f"addi sp, sp, {FRAME}"
    yield "ret"


def _begin_pair(pairs: int) -> Iterator[str]:
    """Both sums start at the bias; each group adds 0x8000 to ``wide``, which is taken off beforehand."""
    yield f"sw {STREAM}, {AT_HEADER}(sp)"
    yield f"lw {PATCH}, {AT_PATCH}(sp)"
    yield f"lhu {TEMPORARY}, {H_GROUPS}({STREAM})"
    yield f"slli {TEMPORARY}, {TEMPORARY}, 15"
    for channel in range(CHANNELS):
        high, wide = HIGH[channel], WIDE[channel]
        yield f"lw {high[0]}, {H_BIAS + 4 * channel}({STREAM})"
        yield f"slli {wide[0]}, {high[0]}, 16"
        yield f"add {wide[0]}, {wide[0]}, {high[0]}"
        yield f"sub {wide[0]}, {wide[0]}, {TEMPORARY}"
        for pair in range(1, pairs):
            yield f"mv {high[pair]}, {high[0]}"
            yield f"mv {wide[pair]}, {wide[0]}"
    yield f"lbu {END}, {H_BYTES}({STREAM})"
    yield f"addi {STREAM}, {STREAM}, {H_BYTES}"


def _load(pairs: int, index: int, at: int) -> Iterator[str]:
    for pair in range(pairs):
        yield f"lw {INPUT[pair]}, {4 * (pairs * index + pair)}({PATCH})"
    for channel in range(CHANNELS):
        yield f"lb {WEIGHT[channel]}, {at + CHANNELS * index + channel}({STREAM})"


def _accumulate(pairs: int) -> Iterator[str]:
    for channel in range(CHANNELS):
        for pair in range(pairs):
            packed = PACKED[channel][pair]
            yield f"mul {TEMPORARY}, {INPUT[pair]}, {WEIGHT[channel]}"
            yield f"add {packed}, {packed}, {TEMPORARY}"


def _first(pairs: int) -> Iterator[str]:
    """The first two weights of a group, which start the accumulators at 0x8000."""
    yield f"add {END}, {END}, {STREAM}"
    yield f"lui {TEMPORARY}, 8"
    yield from _load(pairs, 0, 1)
    for channel in range(CHANNELS):
        for pair in range(pairs):
            packed = PACKED[channel][pair]
            yield f"mul {packed}, {INPUT[pair]}, {WEIGHT[channel]}"
            yield f"add {packed}, {packed}, {TEMPORARY}"
    yield from _load(pairs, 1, 1)
    yield f"addi {STREAM}, {STREAM}, {2 * CHANNELS + 1}"
    yield from _accumulate(pairs)
    yield f"addi {PATCH}, {PATCH}, {8 * pairs}"


def _two_weights(pairs: int) -> Iterator[str]:
    yield from _load(pairs, 0, 0)
    yield from _accumulate(pairs)
    yield from _load(pairs, 1, 0)
    yield f"addi {STREAM}, {STREAM}, {2 * CHANNELS}"
    yield from _accumulate(pairs)
    yield f"addi {PATCH}, {PATCH}, {8 * pairs}"


def _flush(pairs: int) -> Iterator[str]:
    yield f"lbu {END}, 0({STREAM})"
    for channel in range(CHANNELS):
        for pair in range(pairs):
            packed, high, wide = PACKED[channel][pair], HIGH[channel][pair], WIDE[channel][pair]
            yield f"srai {TEMPORARY}, {packed}, 16"
            yield f"add {wide}, {wide}, {packed}"
            yield f"add {high}, {high}, {TEMPORARY}"


def _rescale_constants() -> Iterator[str]:
    yield f"lw {END}, {AT_HEADER}(sp)"
    yield f"lw {OUTPUT}, {AT_OUTPUT}(sp)"
    yield f"lw {STRIDE}, {P_STRIDE}({PARAMETERS})"
    yield f"lw {LOW}, {P_LOW}({PARAMETERS})"
    yield f"lw {MOST}, {P_HIGH}({PARAMETERS})"
    yield f"lw {TEMPORARY}, {P_ROUNDING}({PARAMETERS})"
    for channel in range(CHANNELS):
        multiplier, rounding, shift = MULTIPLIER[channel], ROUNDING[channel], SHIFT[channel]
        yield f"lbu {shift}, {H_SHIFT + channel}({END})"
        yield f"lw {multiplier}, {H_MULTIPLIER + 4 * channel}({END})"
        yield f"sll {rounding}, {TEMPORARY}, {shift}"
        yield f"addi {rounding}, {rounding}, 1"
        yield f"addi {shift}, {shift}, 1"


def _split(pair: int) -> Iterator[str]:
    for channel in range(CHANNELS):
        high, wide = HIGH[channel][pair], WIDE[channel][pair]
        yield f"slli {TEMPORARY}, {high}, 16"
        yield f"sub {wide}, {wide}, {TEMPORARY}"


def _store(total: str, channel: int, two_sided: bool) -> Iterator[str]:
    yield from rescale(total, Rescaling(MULTIPLIER[channel], ROUNDING[channel], SHIFT[channel], LOW, MOST, two_sided))
    yield f"sb {total}, {channel}({OUTPUT})"


def _next_pair(label: str) -> Iterator[str]:
    """The next header is aligned to a word behind the closing zero."""
    yield f"lw {END}, {AT_OUTPUT}(sp)"
    yield f"lw {TEMPORARY}, {AT_COUNT}(sp)"
    yield f"addi {STREAM}, {STREAM}, 4"
    yield f"andi {STREAM}, {STREAM}, -4"
    yield f"addi {END}, {END}, {CHANNELS}"
    yield f"addi {TEMPORARY}, {TEMPORARY}, -1"
    yield f"sw {END}, {AT_OUTPUT}(sp)"
    yield f"sw {TEMPORARY}, {AT_COUNT}(sp)"
    yield f"bnez {TEMPORARY}, {label}"
