"""Assembler routines of the convolutions and products, GNU syntax, each with its C declaration.

Weights of two output channels share a halfword, w1 * 256 + w0: SMLAD of it adds 256 * S1 + S0, SMLAD of its
sign-extended low byte adds S0, and the difference is 256 * S1. One byte a weight in flash, one widening for four
multiply-accumulates. Activations are int16 pairs in the order that SXTB16 leaves them in: elements 0 and 2, 1 and 3.

All parameters of a layer are one linear stream: for two channels the biases (b0, b1 * 256 + b0), the weights, the
multipliers and addends of the requantisation (see ``_scaling``), and what its form needs besides.
"""

from __future__ import annotations

from dataclasses import dataclass

from limen.targets.c._kernel import Helper

_MOST_UNROLLED = 20

MACROS = Helper(
    "limen_dual",
    """\
/* Two products of one word: \\w holds a pair of weights of two channels, \\xa and \\xb the activations of two
 * positions. r4 and r5 gather 256 * S1 + S0, r2 and r3 gather S0. The first word of a sum takes the biases. */
    .macro dual w, xa, xb, both_a=r4, both_b=r5, low_a=r2, low_b=r3
    smlad   r4, \\xa, \\w, \\both_a
    smlad   r5, \\xb, \\w, \\both_b
    sxtb16  \\w, \\w
    smlad   r2, \\xa, \\w, \\low_a
    smlad   r3, \\xb, \\w, \\low_b
    .endm

/* Eight elements of the sum, two positions. */
    .macro dual_step
    ldm     r1!, {r10, r11, r12, lr}
    ldm     r0!, {r6-r9}
    dual    r10, r6, r7
    dual    r11, r8, r9
    ldm     r0!, {r6-r9}
    dual    r12, r6, r7
    dual    lr, r8, r9
    .endm
""",
)


@dataclass(frozen=True)
class Form:
    """Of the requantisation.

    Args:
        shift: of the saturation.
        bent: a bend for negative accumulators.
        shifts: each channel has its own left shift in the stream; else 8.
    """

    shift: int
    bent: bool = False
    shifts: bool = False

    @property
    def name(self) -> str:
        return f"s{self.shift}" + ("_bent" if self.bent else "") + ("_own" if self.shifts else "")


EXPAND_PAIR = Helper(
    "limen_expand_pair",
    """\
/* uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words)
 * Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
    .global limen_expand_pair
    .type limen_expand_pair, %function
    .balign 4
limen_expand_pair:
    push    {r4-r7}
    lsrs    r12, r3, #1
    beq     2f
1:
    ldr     r6, [r1], #4
    ldr     r7, [r2], #4
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    stm     r0!, {r4-r7}
    ldr     r6, [r1], #4
    ldr     r7, [r2], #4
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    stm     r0!, {r4-r7}
    subs    r12, #1
    bne     1b
2:
    tst     r3, #1
    beq     3f
    ldr     r6, [r1]
    ldr     r7, [r2]
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    stm     r0!, {r4-r7}
3:
    pop     {r4-r7}
    bx      lr
    .size limen_expand_pair, .-limen_expand_pair
""",
)

EXPAND_PAIR_C = Helper(
    "limen_expand_pair",
    """\
/* Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
extern uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words);
""",
)


def copy_rows(count: int) -> tuple[Helper, Helper]:
    """Copies ``count`` bytes of each of some rows: the routine, and its declaration."""
    name = f"limen_copy_rows_{count}"
    places = [*range(0, count - 3, 4), *([count - 4] if count % 4 and count > 4 else [])]
    loads, stores, step = ("ldr", "str", places) if places else ("ldrb", "strb", list(range(count)))
    moves = []
    for at in range(0, len(step), 3):
        chunk = list(zip(("r5", "r6", "r7"), step[at : at + 3], strict=False))
        moves += [f"{loads:<7} {r}, [r4, #{place}]" for r, place in chunk]
        moves += [f"{stores:<7} {r}, [r0, #{place}]" for r, place in chunk]
    lines = [
        f"/* void {name}(int8_t *to, const int8_t *const *rows, int32_t offset, int32_t count)",
        f" * Copies {count} bytes at an offset of each of count rows, side by side. */",
        *head(name),
        "push    {r4-r7}",
        "1:",
        "ldr     r4, [r1], #4",
        "add     r4, r4, r2",
        *moves,
        f"add     r0, r0, #{count}",
        "subs    r3, r3, #1",
        "bne     1b",
        "pop     {r4-r7}",
        "bx      lr",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* Copies {count} bytes at an offset of each of count rows, side by side. */\n"
    declaration += f"extern void {name}(int8_t *to, const int8_t *const *rows, int32_t offset, int32_t count);\n"
    return Helper(name, text_of(lines)), Helper(name, declaration)


def gemm(elements: int, form: Form) -> tuple[Helper, Helper]:
    """Two output channels by two positions a pass: the routine, and its declaration.

    Args:
        elements: of a sum, a multiple of 4.
    """
    name = f"limen_gemm_{elements}_{form.name}"
    arguments = "const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, int8_t *end_of_a"
    steps, half = divmod(elements, 8)
    rounds, unrolled, rest = _unrolling(steps)
    lines = [
        f"/* void {name}({arguments})",
        f" * Two positions by two output channels a pass, sums of {elements} elements. */",
        *head(name),
        "push    {r4-r11, lr}",
        "ldr     r12, [sp, #36]",
        f"add     lr, r0, #{elements * 4}" if elements * 4 < 4096 else f"movw    lr, #{elements * 4}\n    add     lr, lr, r0",
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r3, r5}",
        "mov     r2, r3",
        "mov     r4, r5",
        *(_half_step() if half else []),
        *_repeat(rest, "dual_step"),
        *(["2:", *_repeat(unrolled, "dual_step"), "ldr     r6, [sp, #16]", "cmp     r0, r6", "bne     2b"] if rounds > 1 else []),
        *(_repeat(unrolled, "dual_step") if rounds == 1 else []),
        "sub     r4, r4, r2",
        "sub     r5, r5, r3",
        *_requantize(form),
        "strb    r2, [r10], #1",
        "strb    r3, [r11], #1",
        "strb    r4, [r10], #1",
        "strb    r5, [r11], #1",
        "cmp     r10, r12",
        "strd    r10, r11, [sp, #4]",
        "bne     1b",
        "add     sp, sp, #20",
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* Two positions by two output channels a pass, sums of {elements} elements. */\n"
    declaration += f"extern void {name}(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b,\n"
    declaration += "    int8_t *end_of_a);\n"
    return Helper(name, text_of(lines), (MACROS,)), Helper(name, declaration)


def _requantize(form: Form) -> list[str]:
    """r2 to r5, sums of two channels at two positions, become codes; r10, r11, r12 the places to write."""
    last = 9 + 2 * form.bent + 2 * form.shifts
    own = {9: "", 11: "r10, r11", 13: "r12, lr"}[last] if form.shifts else ""
    first, second = own.split(", ") if own else ("", "")
    lines = ["ldm     r1!, {r6-r%d}" % last if last < 12 else "ldm     r1!, {r6-r12, lr}"]
    if form.shifts:
        lines += [f"lsl     r2, r2, {first}", f"lsl     r3, r3, {first}"]
        lines += [f"asr     r4, r4, {second}", f"asr     r5, r5, {second}"]
    else:
        lines += ["lsl     r2, r2, #8", "lsl     r3, r3, #8"]
    for register, multiplier, addend, bend in ((2, 6, 8, 10), (3, 6, 8, 10), (4, 7, 9, 11), (5, 7, 9, 11)):
        if form.bent:
            lines.append(f"and     lr, r{bend}, r{register}, asr #31")
        lines.append(f"smmla   r{register}, r{register}, r{multiplier}, r{addend}")
        if form.bent:
            lines.append(f"add     r{register}, r{register}, lr")
    lines.append("ldm     sp, {r0, r10, r11, r12}")
    return lines + [f"ssat    r{r}, #8, r{r}, asr #{form.shift}" for r in (2, 3, 4, 5)]


def _half_step() -> list[str]:
    """Four elements."""
    return ["ldm     r1!, {r10, r11}", "ldm     r0!, {r6-r9}", "dual    r10, r6, r7", "dual    r11, r8, r9"]


def _unrolling(steps: int) -> tuple[int, int, int]:
    """Rounds of a loop, steps unrolled in it, steps before it; one round is no loop."""
    if steps <= _MOST_UNROLLED:
        return 1, steps, 0
    fitting = [n for n in range(_MOST_UNROLLED, 7, -1) if steps % n == 0]
    if fitting:
        return steps // fitting[0], fitting[0], 0
    return steps // 16, 16, steps % 16


def _repeat(count: int, line: str) -> list[str]:
    if count <= 1:
        return [line] * count
    return [f".rept   {count}", line, ".endr"]


def head(name: str) -> list[str]:
    """Directives and the label of a routine."""
    return [f".global {name}", f".type {name}, %function", ".balign 4", f"{name}:"]


def text_of(lines: list[str]) -> str:
    """Labels and comments at the margin, the rest indented."""
    return "".join(f"{line}\n" if line.endswith(":") or line[:2] in ("/*", " *") else f"    {line}\n" for line in lines)
