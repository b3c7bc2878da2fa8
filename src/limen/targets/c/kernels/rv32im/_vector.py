"""The inner loop of fully connected layers in RV32IM assembler: 8 output channels of one position.

Weights come four to a word (see _packed._connected); sums are kept as in _tile: high += P >> 16, wide += P.
"""

from __future__ import annotations

from collections.abc import Iterator

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.rv32im._codes import Rescaling, rescale

CHANNELS = 8
PAIR_BYTES = 2 * CHANNELS

INPUT, PREFIX, STREAM, END, COUNTS, BEFORE = "a0", "a1", "a2", "a3", "a4", "a5"
CODE, WORD, EVEN, TEMPORARY, MASK, START = "a6", "a7", "t1", "t0", "t2", "t5"
PACKED = ("s0", "s1", "t3", "t4")
HIGH = ("s2", "s3", "s4", "s5")
WIDE = ("s6", "s7", "s8", "s9")
LOW, MOST, UNIT = "s10", "s11", "t6"
OUTPUT, MULTIPLIER, ROUNDING, SHIFT = "a3", "a4", "a6", "a7"
SAVED = tuple(f"s{i}" for i in range(12))
FRAME = 80
AT_INPUT, AT_PREFIX, AT_OUTPUT, AT_HEADER, AT_COUNT = 48, 52, 56, 60, 64

# header of 8 channels in the stream, in bytes
H_SUMS, H_MULTIPLIER, H_SHIFT, H_SKIP, H_COUNTS = 0, 32, 64, 72, 73


def vector(once: bool, two_sided: bool) -> Helper:
    """(input, prefix sums, stream, output, parameters): see the comment in the text.

    Args:
        once: the layer rounds once (see _packed._round_once).
        two_sided: codes below the zero point occur; of no account where it rounds once.
    """
    name = f"limen_rv32_vector{'' if once else '_twice_s' if two_sided else '_twice'}"
    return Helper(name, "\n".join(_lines(name, once, two_sided)) + "\n")


def _lines(name: str, once: bool, two_sided: bool) -> Iterator[str]:
    yield f"/* void {name}(const int8_t *x, const int32_t *prefix, const uint8_t *stream, int8_t *y,"
    yield " *     const int32_t *parameters)"
    yield " * All output channels of one position, eight at a time."
    yield " * prefix: 0x00800080 times the sum of the first 2 * i codes of x;"
    yield " * stream: for each eight channels: starts of the sums[8], multiplier[8], shift[8], words of counts, inputs"
    yield " * of each group / 2, a zero; then, at the next word, the weights of eight channels by input, plus 128;"
    yield " * parameters: lowest and highest code, 2 * zero point + 1, number of eights. */"
    yield f"    .weak {name}"
    yield "    .balign 4"
    yield f"    .type {name}, @function"
    yield f"{name}:"
    yield from _indent(_enter())
    yield f".L{name}_eight:"
    yield from _indent(_begin())
    yield f"    beqz {TEMPORARY}, .L{name}_done"
    yield f".L{name}_group:"
    yield from _indent(_first())
    yield f"    beq {STREAM}, {END}, .L{name}_flush"
    yield f"    sub {TEMPORARY}, {END}, {STREAM}"
    yield f"    andi {TEMPORARY}, {TEMPORARY}, {PAIR_BYTES}"
    yield f"    beqz {TEMPORARY}, .L{name}_weights"
    yield from _indent(_weights(2))
    yield f"    beq {STREAM}, {END}, .L{name}_flush"
    yield f".L{name}_weights:"
    yield from _indent(_weights(4))
    yield f"    bne {STREAM}, {END}, .L{name}_weights"
    yield f".L{name}_flush:"
    yield from _indent(_flush())
    yield f"    bnez {TEMPORARY}, .L{name}_group"
    yield f".L{name}_done:"
    yield from _indent(_codes(once, two_sided))
    yield from _indent(_next(f".L{name}_eight"))
    yield from _indent(_leave())
    yield f"    .size {name}, . - {name}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (line if line.endswith(":") else f"    {line}" for line in lines)


def _enter() -> Iterator[str]:
    yield f"addi sp, sp, -{FRAME}"
    for index, register in enumerate(SAVED):
        yield f"sw {register}, {4 * index}(sp)"
    yield f"sw a0, {AT_INPUT}(sp)"
    yield f"sw a1, {AT_PREFIX}(sp)"
    yield f"sw a3, {AT_OUTPUT}(sp)"
    yield f"lw {LOW}, 0(a4)"
    yield f"lw {MOST}, 4(a4)"
    yield f"lw {UNIT}, 8(a4)"
    yield f"lw {TEMPORARY}, 12(a4)"
    yield f"sw {TEMPORARY}, {AT_COUNT}(sp)"
    yield f"li {MASK}, 0x00ff00ff"


def _leave() -> Iterator[str]:
    for index, register in enumerate(SAVED):
        yield f"lw {register}, {4 * index}(sp)"
    yield f"addi sp, sp, {FRAME}"
    yield "ret"


def _begin() -> Iterator[str]:
    yield f"sw {STREAM}, {AT_HEADER}(sp)"
    yield f"lw {INPUT}, {AT_INPUT}(sp)"
    yield f"lw {PREFIX}, {AT_PREFIX}(sp)"
    for index in range(len(PACKED)):
        yield f"lw {HIGH[index]}, {H_SUMS + 8 * index}({STREAM})"
        yield f"lw {WIDE[index]}, {H_SUMS + 8 * index + 4}({STREAM})"
    yield f"lbu {END}, {H_SKIP}({STREAM})"
    yield f"lbu {TEMPORARY}, {H_COUNTS}({STREAM})"
    yield f"addi {COUNTS}, {STREAM}, {H_COUNTS + 1}"
    yield f"slli {END}, {END}, 2"
    yield f"addi {STREAM}, {STREAM}, {H_SKIP}"
    yield f"add {STREAM}, {STREAM}, {END}"
    yield f"li {BEFORE}, 0"


def _products(index: int, quad: int, start: bool) -> Iterator[str]:
    """The products of four channels; with ``start`` they begin a group."""
    even, odd = PACKED[2 * quad], PACKED[2 * quad + 1]
    yield f"lw {WORD}, {8 * index + 4 * quad}({STREAM})"
    yield f"and {EVEN}, {WORD}, {MASK}"
    yield f"srli {WORD}, {WORD}, 8"
    yield f"and {WORD}, {WORD}, {MASK}"
    for packed, pair in ((even, EVEN), (odd, WORD)):
        yield f"mul {packed if start else TEMPORARY}, {CODE}, {pair}"
        yield f"add {packed}, {packed}, {START if start else TEMPORARY}"


def _first() -> Iterator[str]:
    """The first two inputs of a group, which start the accumulators at 0x8000 and the prefix sum so far."""
    yield f"slli {TEMPORARY}, {TEMPORARY}, 2"
    yield f"add {PREFIX}, {PREFIX}, {TEMPORARY}"
    yield f"slli {TEMPORARY}, {TEMPORARY}, 2"
    yield f"add {END}, {STREAM}, {TEMPORARY}"
    yield f"lui {START}, 8"
    yield f"add {START}, {START}, {BEFORE}"
    yield from _weights(2, start=True)


def _weights(count: int, start: bool = False) -> Iterator[str]:
    """The products of ``count`` inputs."""
    for index in range(count):
        yield f"lb {CODE}, {index}({INPUT})"
        for quad in range(2):
            yield from _products(index, quad, start and index == 0)
    yield f"addi {STREAM}, {STREAM}, {count * CHANNELS}"
    yield f"addi {INPUT}, {INPUT}, {count}"


def _flush() -> Iterator[str]:
    yield f"lw {BEFORE}, 0({PREFIX})"
    for packed, high, wide in zip(PACKED, HIGH, WIDE, strict=True):
        yield f"sub {packed}, {packed}, {BEFORE}"
        yield f"srai {TEMPORARY}, {packed}, 16"
        yield f"add {wide}, {wide}, {packed}"
        yield f"add {high}, {high}, {TEMPORARY}"
    yield f"lbu {TEMPORARY}, 0({COUNTS})"
    yield f"addi {COUNTS}, {COUNTS}, 1"


def _codes(once: bool, two_sided: bool) -> Iterator[str]:
    yield f"lw {OUTPUT}, {AT_OUTPUT}(sp)"
    yield f"lw {PREFIX}, {AT_HEADER}(sp)"
    for index, (high, wide) in enumerate(zip(HIGH, WIDE, strict=True)):
        yield f"slli {TEMPORARY}, {high}, 16"
        yield f"sub {wide}, {wide}, {TEMPORARY}"
        low_channel = 4 * (index // 2) + index % 2
        for total, channel in ((wide, low_channel), (high, low_channel + 2)):
            yield f"lbu {SHIFT}, {H_SHIFT + channel}({PREFIX})"
            yield f"lw {MULTIPLIER}, {H_MULTIPLIER + 4 * channel}({PREFIX})"
            yield f"sll {ROUNDING}, {UNIT}, {SHIFT}"
            if not once:
                yield f"addi {ROUNDING}, {ROUNDING}, 1"
            yield f"addi {SHIFT}, {SHIFT}, 1"
            how = Rescaling(MULTIPLIER, ROUNDING, SHIFT, LOW, MOST, two_sided and not once)
            yield from rescale(total, how)
            yield f"sb {total}, {channel}({OUTPUT})"


def _next(label: str) -> Iterator[str]:
    yield f"lw {TEMPORARY}, {AT_COUNT}(sp)"
    yield f"addi {OUTPUT}, {OUTPUT}, {CHANNELS}"
    yield f"sw {OUTPUT}, {AT_OUTPUT}(sp)"
    yield f"addi {TEMPORARY}, {TEMPORARY}, -1"
    yield f"sw {TEMPORARY}, {AT_COUNT}(sp)"
    yield f"bnez {TEMPORARY}, {label}"
