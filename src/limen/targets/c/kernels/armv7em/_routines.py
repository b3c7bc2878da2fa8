"""Assembler text: forms of requantisation, unrolling, and the routines that bring activations into shape.

Expanded activations are int16 pairs in the order that SXTB16 leaves them in: elements 0 and 2, 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from limen.targets.c._kernel import Helper

MOST_UNROLLED = 20


@dataclass(frozen=True)
class Form:
    """Of the requantisation.

    Args:
        shift: of the saturation; 0 where each channel has its own.
        bent: a bend for negative accumulators.
        shifts: each channel has its own left shift in the stream; else 8.
        uniform: one multiplier and one addend for all channels, at the beginning of the stream.
    """

    shift: int
    bent: bool = False
    shifts: bool = False
    uniform: bool = False

    @property
    def name(self) -> str:
        return (
            f"s{self.shift}"
            + ("_bent" if self.bent else "")
            + ("_own" if self.shifts else "_uniform" if self.uniform else "")
        )


EXPAND_WORDS = Helper(
    "limen_expand_words",
    """\
/* Eight elements of two positions, in r6 and r10, r7 and r11. */
    .macro expand_words
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    sxtb16  r8, r10
    sxtb16  r9, r11
    sxtb16  r10, r10, ror #8
    sxtb16  r11, r11, ror #8
    stm     r0!, {r4-r11}
    .endm
""",
)

EXPAND_WORD = Helper(
    "limen_expand_word",
    """\
/* Four elements of two positions, in r6 and r7. */
    .macro expand_word
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    stm     r0!, {r4-r7}
    .endm
""",
)

EXPAND_PAIR = Helper(
    "limen_expand_pair",
    """\
/* uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words)
 * Widens words * 4 elements of two positions, of any alignment, into int16 pairs, side by side; returns the end. */
    .section .text.limen_expand_pair, "ax", %progbits
    .weak   limen_expand_pair
    .type   limen_expand_pair, %function
    .balign 4
limen_expand_pair:
    push    {r4-r11}
    lsrs    r12, r3, #1
    beq     2f
1:
    ldr     r6, [r1], #4
    ldr     r10, [r1], #4
    ldr     r7, [r2], #4
    ldr     r11, [r2], #4
    expand_words
    subs    r12, #1
    bne     1b
2:
    lsls    r3, r3, #31
    beq     3f
    ldr     r6, [r1]
    ldr     r7, [r2]
    expand_word
3:
    pop     {r4-r11}
    bx      lr
    .size limen_expand_pair, .-limen_expand_pair
""",
    (EXPAND_WORD, EXPAND_WORDS),
)

EXPAND_PAIR_C = Helper(
    "limen_expand_pair",
    """\
/* Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
extern uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words);
""",
)


def expand_rows(words: int) -> tuple[Helper, Helper]:
    """Widens an even number of words from aligned rows for two positions: the routine, and its declaration."""
    name = f"limen_expand_rows_{words}"
    what = f"Widens {words * 4} elements of each of count rows for two positions, aligned to 4, into int16 pairs."
    arguments = "uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count"
    rounds, unrolled, rest = unrolling(words // 2, 6)
    step = ["ldrd    r6, r10, [r12], #8", "ldrd    r7, r11, [lr], #8", "expand_words"]
    count = [f"movs    r3, #{rounds}", "2:", *repeat(unrolled, *step), "subs    r3, r3, #1", "bne     2b"]
    looped = rounds > 1
    lines = [
        f"/* void {name}({arguments})",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        *(["sub     sp, sp, #4", "str     r3, [sp]"] if looped else []),
        "1:",
        "ldr     r4, [r1], #4",
        "add     r12, r4, r2",
        *(["ldr     r3, [sp]"] if looped else []),
        "add     lr, r4, r3",
        *repeat(rest, *step),
        *(count if looped else repeat(unrolled, *step)),
        f"ldr     r4, [sp, #{40 if looped else 36}]",
        "subs    r4, r4, #1",
        f"str     r4, [sp, #{40 if looped else 36}]",
        "bne     1b",
        *(["add     sp, sp, #4"] if looped else []),
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(uint32_t *to, const int8_t *const *rows, int32_t a,\n"
    declaration += "    int32_t b, int32_t count);\n"
    return Helper(name, text_of(lines), (EXPAND_WORDS,)), Helper(name, declaration)


def expand_bytes(rows: int, count: int) -> tuple[Helper, Helper]:
    """Widens ``count`` bytes of each of ``rows`` rows for two positions: the routine, and its declaration.

    First the whole words of each row, then the bytes that are left of each, four of them to a word.
    """
    name = f"limen_expand_bytes_{rows}x{count}"
    what = f"Widens {count} elements of each of {rows} rows for two positions into int16 pairs, odd ends last."
    rounds, unrolled, rest = unrolling(count // 4, 9)
    word = ["ldr     r6, [r9], #4", "ldr     r7, [r10], #4", "expand_word"]
    whole = [*repeat(rest, *word), *repeat(unrolled, *word)]
    if rounds > 1:
        loop = [f"movs    r11, #{rounds}", "3:", *repeat(unrolled, *word), "subs    r11, r11, #1", "bne     3b"]
        whole = [*repeat(rest, *word), *loop]
    walk = ["mov     r8, r1", f"movs    r12, #{rows}", "1:", "ldr     r10, [r8], #4", "add     r9, r10, r2"]
    walk += ["add     r10, r10, r3", *whole, "subs    r12, r12, #1", "bne     1b"]
    lines = [
        f"/* void {name}(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11}",
        *(walk if whole else []),
        *_odd_ends(rows, count),
        "pop     {r4-r11}",
        "bx      lr",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(uint32_t *to, const int8_t *const *rows, int32_t a,\n"
    declaration += "    int32_t b);\n"
    return Helper(name, text_of(lines), (EXPAND_WORD,)), Helper(name, declaration)


def _odd_ends(rows: int, count: int) -> list[str]:
    """The last bytes of each row, gathered in r6 and r7, in the order of their rows."""
    ends = [(row, at) for row in range(rows) for at in range(count // 4 * 4, count)]
    lines = []
    for index, (row, at) in enumerate(ends):
        if at == count // 4 * 4:
            lines += [f"ldr     r8, [r1, #{4 * row}]", "add     r12, r8, r2", "add     r8, r8, r3"]
        if index % 4 == 0:
            lines += [f"ldrb    r6, [r12, #{at}]", f"ldrb    r7, [r8, #{at}]"]
        else:
            shift = 8 * (index % 4)
            lines += [f"ldrb    r4, [r12, #{at}]", f"ldrb    r5, [r8, #{at}]"]
            lines += [f"orr     r6, r6, r4, lsl #{shift}", f"orr     r7, r7, r5, lsl #{shift}"]
        if index % 4 == 3 or index == len(ends) - 1:
            lines.append("expand_word")
    return lines


def bytes_order(rows: int, count: int) -> list[int]:
    """Elements [row * count + at] in the order of ``expand_bytes``."""
    whole = [row * count + at for row in range(rows) for at in range(count // 4 * 4)]
    return whole + [row * count + at for row in range(rows) for at in range(count // 4 * 4, count)]


def unrolling(steps: int, most: int = MOST_UNROLLED) -> tuple[int, int, int]:
    """Rounds of a loop, steps unrolled in it, steps before it; one round is no loop."""
    if steps <= most:
        return 1, steps, 0
    candidates = range(min(most, steps // 2), max(1, most // 3), -1)
    unrolled = min(candidates, key=lambda n: (steps % n, -n), default=most)
    return steps // unrolled, unrolled, steps % unrolled


def repeat(count: int, *lines: str) -> list[str]:
    """Lines, written once however often they are assembled."""
    return list(lines) * count if count <= 1 else [f".rept   {count}", *lines, ".endr"]


def head(name: str) -> list[str]:
    """Directives and the label of a routine; models that are linked together share it."""
    section = f'.section .text.{name}, "ax", %progbits'
    return [section, f".weak   {name}", f".type   {name}, %function", ".balign 4", f"{name}:"]


def text_of(lines: list[str]) -> str:
    """The text of a routine: labels and comments at the margin, the rest indented."""
    return "".join(f"{line}\n" if line.endswith(":") or line[:2] in ("/*", " *") else f"    {line}\n" for line in lines)
