"""Assembler routines of the convolutions: two output channels by two positions a pass, or by one.

*Dual* weights of two output channels share a halfword, w1 * 256 + w0: SMLAD of it adds 256 * S1 + S0, SMLAD of its
sign-extended low byte adds S0, and the difference is 256 * S1. One byte a weight in flash, one widening for four
multiply-accumulates. *Wide* weights are int16, for layers whose weights are few: an eighth fewer instructions.

All parameters of a layer are one linear stream: for two channels the biases, the weights, the multipliers and addends
of the requantisation (see ``_scaling``), and what its form needs besides.
"""

from __future__ import annotations

from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._routines import Form, head, repeat, text_of, unrolling

_DUAL = Helper(
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

/* Eight elements of the sum, and the first eight. */
    .macro dual_step
    ldm     r1!, {r10, r11, r12, lr}
    ldm     r0!, {r6-r9}
    dual    r10, r6, r7
    dual    r11, r8, r9
    ldm     r0!, {r6-r9}
    dual    r12, r6, r7
    dual    lr, r8, r9
    .endm
    .macro dual_first
    ldm     r1!, {r10, r11, r12, lr}
    ldm     r0!, {r6-r9}
    dual    r10, r6, r7, r5, r5, r3, r3
    dual    r11, r8, r9
    ldm     r0!, {r6-r9}
    dual    r12, r6, r7
    dual    lr, r8, r9
    .endm

/* Four elements. */
    .macro dual_half
    ldm     r1!, {r10, r11}
    ldm     r0!, {r6-r9}
    dual    r10, r6, r7
    dual    r11, r8, r9
    .endm
""",
)

_WIDE = Helper(
    "limen_wide",
    """\
/* Four elements of two channels' sums at two positions, and the first four, which take the biases. */
    .macro wide_step c0a=r2, c0b=r3, c1a=r4, c1b=r5
    ldm     r1!, {r10, r11, r12, lr}
    ldm     r0!, {r6-r9}
    smlad   r2, r6, r10, \\c0a
    smlad   r3, r7, r10, \\c0b
    smlad   r4, r6, r11, \\c1a
    smlad   r5, r7, r11, \\c1b
    smlad   r2, r8, r12, r2
    smlad   r3, r9, r12, r3
    smlad   r4, r8, lr, r4
    smlad   r5, r9, lr, r5
    .endm
    .macro wide_first
    wide_step r3, r3, r5, r5
    .endm
""",
)

_ONE = Helper(
    "limen_one",
    """\
/* One position: r5 gathers 256 * S1 + S0, r4 gathers S0; of the columns every other word counts. */
    .macro one w, x
    smlad   r5, \\x, \\w, r5
    sxtb16  \\w, \\w
    smlad   r4, \\x, \\w, r4
    .endm
    .macro one_half
    ldm     r1!, {r10, r11}
    ldm     r0!, {r6-r9}
    one     r10, r6
    one     r11, r8
    .endm
""",
)


def gemm(elements: int, form: Form, wide: bool) -> tuple[Helper, Helper]:
    """Two output channels by two positions a pass: the routine, and its declaration.

    Args:
        elements: of a sum, a multiple of 4.
        wide: weights are int16.
    """
    name = f"limen_gemm_{elements}_{form.name}" + ("_wide" if wide else "")
    what = f"Two positions by two output channels a pass, sums of {elements} elements."
    lines = [
        f"/* void {name}(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, int8_t *end_of_a)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        "ldr     r12, [sp, #36]",
        *add("lr", elements * 4),
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r3, r5}",
        *(_wide_sums(elements) if wide else _dual_sums(elements)),
        *_requantize(form, wide),
        "ldm     sp, {r0, r10, r11, r12}",
        *(f"ssat    r{r}, #8, r{r}, asr #{form.shift}" for r in (2, 3, 4, 5)),
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
    declaration = f"/* {what} */\nextern void {name}(const uint32_t *columns, const void *stream, int8_t *a,\n"
    declaration += "    int8_t *b, const int8_t *end_of_a);\n"
    return Helper(name, text_of(lines), (_WIDE if wide else _DUAL,)), Helper(name, declaration)


def add(register: str, size: int) -> list[str]:
    """register = r0 + size."""
    if size < 4096:
        return [f"add     {register}, r0, #{size}"]
    return [f"movw    {register}, #{size}", f"add     {register}, {register}, r0"]


def looped(rounds: int, free: str, *lines: str) -> list[str]:
    """Lines, as often as it takes until r0 is at the end of the columns, which the frame holds."""
    if rounds == 1:
        return list(lines)
    return ["2:", *lines, f"ldr     {free}, [sp, #16]", f"cmp     r0, {free}", "bne     2b"]


def _dual_sums(elements: int) -> list[str]:
    steps, half = divmod(elements, 8)
    rounds, unrolled, rest = unrolling(steps)
    lines = ["sub     r4, r4, r2", "sub     r5, r5, r3"]
    if rounds == 1 and not half:
        return ["dual_first", *repeat(unrolled - 1, "dual_step"), *lines]
    start = ["mov     r2, r3", "mov     r4, r5", *(["dual_half"] if half else []), *repeat(rest, "dual_step")]
    return [*start, *looped(rounds, "r6", *repeat(unrolled, "dual_step")), *lines]


def _wide_sums(elements: int) -> list[str]:
    rounds, unrolled, rest = unrolling(elements // 4, 40)
    if rounds == 1:
        return ["wide_first", *repeat(unrolled - 1, "wide_step")]
    start = ["mov     r2, r3", "mov     r4, r5", *repeat(rest, "wide_step")]
    return [*start, *looped(rounds, "r6", *repeat(unrolled, "wide_step"))]


def _requantize(form: Form, wide: bool) -> list[str]:
    """r2 to r5, sums of two channels at two positions, become lines."""
    last = 9 + 2 * form.bent + 2 * form.shifts
    lines = [f"ldm     r1!, {{r6-r{last}}}" if last < 12 else "ldm     r1!, {r6-r12, lr}"]
    if form.shifts:
        first, second = ("r12", "lr") if form.bent else ("r10", "r11")
        lines += [f"lsl     r2, r2, {first}", f"lsl     r3, r3, {first}"]
        lines += [f"asr     r4, r4, {second}", f"asr     r5, r5, {second}"]
    elif not wide:
        lines += ["lsl     r2, r2, #8", "lsl     r3, r3, #8"]
    for register, multiplier, addend, bend in ((2, 6, 8, 10), (3, 6, 8, 10), (4, 7, 9, 11), (5, 7, 9, 11)):
        lines += [f"and     lr, r{bend}, r{register}, asr #31"] if form.bent else []
        lines += [f"smmla   r{register}, r{register}, r{multiplier}, r{addend}"]
        lines += [f"add     r{register}, r{register}, lr"] if form.bent else []
    return lines


def gemm_one(elements: int, form: Form, wide: bool) -> tuple[Helper, Helper]:
    """Two output channels by the first of two positions a pass: the routine, and its declaration."""
    name = f"limen_gemm_{elements}_{form.name}" + ("_wide_one" if wide else "_one")
    what = f"One position by two output channels a pass, sums of {elements} elements."
    half = ["ldm     r1!, {r10, r11, r12, lr}", "ldm     r0!, {r6-r9}", "smlad   r4, r6, r10, r4"]
    half += ["smlad   r5, r6, r11, r5", "smlad   r4, r8, r12, r4", "smlad   r5, r8, lr, r5"]
    step = half if wide else ["one_half"]
    rounds, unrolled, rest = unrolling(elements // 4, 4)
    lines = [
        f"/* void {name}(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        *add("lr", elements * 4),
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r4, r5}",
        *repeat(rest, *step),
        *looped(rounds, "r6", *repeat(unrolled, *step)),
        *_requantize_one(form, wide),
        "ldr     r0, [sp]",
        f"ssat    r4, #8, r4, asr #{form.shift}",
        f"ssat    r5, #8, r5, asr #{form.shift}",
        "strb    r4, [r2], #1",
        "strb    r5, [r2], #1",
        "cmp     r2, r3",
        "bne     1b",
        "add     sp, sp, #20",
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const uint32_t *columns, const void *stream, int8_t *out,\n"
    declaration += "    const int8_t *end);\n"
    return Helper(name, text_of(lines), () if wide else (_ONE,)), Helper(name, declaration)


def _requantize_one(form: Form, wide: bool) -> list[str]:
    """r4 and r5, sums of two channels, become lines."""
    last = 9 + 2 * form.bent + 2 * form.shifts
    lines = [] if wide else ["sub     r5, r5, r4"]
    lines += [f"ldm     r1!, {{r6-r{last}}}" if last < 12 else "ldm     r1!, {r6-r12, lr}"]
    if form.shifts:
        lines += (
            ["lsl     r4, r4, r12", "asr     r5, r5, lr"]
            if form.bent
            else ["lsl     r4, r4, r10", "asr     r5, r5, r11"]
        )
    elif not wide:
        lines += ["lsl     r4, r4, #8"]
    for register, multiplier, addend, bend in ((4, 6, 8, 10), (5, 7, 9, 11)):
        lines += [f"and     lr, r{bend}, r{register}, asr #31"] if form.bent else []
        lines += [f"smmla   r{register}, r{register}, r{multiplier}, r{addend}"]
        lines += [f"add     r{register}, r{register}, lr"] if form.bent else []
    return lines
