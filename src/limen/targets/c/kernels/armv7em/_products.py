"""Assembler routines of fully connected layers: four outputs a pass, weights of two to a halfword."""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._gemm import add
from limen.targets.c.kernels.armv7em._routines import Form, head, repeat, text_of, unrolling
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import biases, halfwords, words

GROUP = 4
_FIXED_SHIFT = 8

_MACROS = Helper(
    "limen_product",
    """\
/* Two products of one word \\w of weights of two outputs: \\both gathers 256 * S1 + S0, \\low gathers S0. */
    .macro product w, x, both, low
    smlad   \\both, \\x, \\w, \\both
    sxtb16  \\w, \\w
    smlad   \\low, \\x, \\w, \\low
    .endm

/* Four elements, in \\x02 and \\x13, by four outputs. */
    .macro product_step x02, x13
    ldm     r1!, {r10, r11, r12, lr}
    product r10, \\x02, r4, r2
    product r11, \\x13, r4, r2
    product r12, \\x02, r5, r3
    product lr, \\x13, r5, r3
    .endm

/* Eight elements of int16. */
    .macro product_wide
    ldm     r0!, {r6-r9}
    product_step r6, r7
    product_step r8, r9
    .endm

/* Eight elements of int8. */
    .macro product_narrow
    ldm     r0!, {r6, r7}
    sxtb16  r8, r6
    sxtb16  r9, r6, ror #8
    product_step r8, r9
    sxtb16  r8, r7
    sxtb16  r9, r7, ror #8
    product_step r8, r9
    .endm
""",
)

EXPAND = Helper(
    "limen_expand",
    """\
/* void limen_expand(uint32_t *to, const int8_t *from, int32_t words)
 * Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
    .section .text.limen_expand, "ax", %progbits
    .weak   limen_expand
    .type   limen_expand, %function
    .balign 4
limen_expand:
    push    {r4, r5}
1:
    ldr     r5, [r1], #4
    sxtb16  r4, r5
    sxtb16  r5, r5, ror #8
    strd    r4, r5, [r0], #8
    subs    r2, r2, #1
    bne     1b
    pop     {r4, r5}
    bx      lr
    .size limen_expand, .-limen_expand
""",
)
EXPAND_C = Helper(
    "limen_expand",
    """\
/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);
""",
)


def product(elements: int, form: Form, wide: bool, unrolled: int) -> tuple[Helper, Helper]:
    """The routine, and its declaration.

    Args:
        unrolled: most steps of eight elements in a row.
        elements: of a sum, a multiple of 4, for int8 activations of 8.
        wide: activations are int16 pairs (see ``limen_expand``); else int8, aligned to 4.
    """
    name = f"limen_product_{elements}_{form.name}_x{unrolled}" + ("" if wide else "_narrow")
    what = f"Four outputs a pass, sums of {elements} elements of {'int16' if wide else 'int8'}."
    steps, half = divmod(elements, 8)
    rounds, unrolled, rest = unrolling(steps, unrolled)
    step = "product_wide" if wide else "product_narrow"
    size = elements * (2 if wide else 1)
    loop = [*repeat(unrolled, step), "ldr     r6, [sp, #12]", "cmp     r0, r6", "bne     2b"]
    lines = [
        f"/* void {name}(const void *x, const void *stream, int8_t *out, const int8_t *end)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        *add("r12", size),
        *(["ldm     r1!, {r4, r5}", "push    {r4, r5}"] if form.uniform else []),
        "push    {r0, r2, r3, r12}",
        "1:",
        "ldm     r1!, {r2-r5}",
        *(["ldm     r0!, {r6, r7}", "product_step r6, r7"] if half else []),
        *repeat(rest, step),
        *(["2:", *loop] if rounds > 1 else repeat(unrolled, step)),
        "sub     r4, r4, r2",
        "sub     r5, r5, r3",
        *_requantize(form),
        "ldm     sp, {r0, r6, r7}",
        "strb    r2, [r6], #1",
        "strb    r4, [r6], #1",
        "strb    r3, [r6], #1",
        "strb    r5, [r6], #1",
        "str     r6, [sp, #4]",
        "cmp     r6, r7",
        "bne     1b",
        f"add     sp, sp, #{24 if form.uniform else 16}",
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const void *x, const void *stream, int8_t *out,\n"
    declaration += "    const int8_t *end);\n"
    return Helper(name, text_of(lines), (_MACROS,)), Helper(name, declaration)


def _requantize(form: Form) -> list[str]:
    """r2 to r5 become codes."""
    lines = ["lsl     r2, r2, #8", "lsl     r3, r3, #8"]
    if form.shifts:
        lines = ["ldm     r1!, {r6-r9}", "lsl     r2, r2, r6", "lsl     r3, r3, r7"]
        lines += ["asr     r4, r4, r8", "asr     r5, r5, r9"]
    if form.uniform:
        lines += ["ldrd    r6, r7, [sp, #16]", *(f"smmla   r{r}, r{r}, r6, r7" for r in (2, 3, 4, 5))]
    else:
        lines += ["ldm     r1!, {r6-r9}", "ldm     r1!, {r10, r11, r12, lr}"]
        addends = ("r10", "r11", "r12", "lr")
        lines += [f"smmla   r{2 + i}, r{2 + i}, r{6 + i}, {addends[i]}" for i in range(4)]
    return lines + [f"ssat    r{r}, #8, r{r}, asr #{form.shift}" for r in (2, 3, 4, 5)]


def product_stream(rows: Int64, scaling: Scaling, form: Form) -> Array:
    """int32 words for ``product``: four outputs after four.

    Args:
        rows: [O, K], K a multiple of 4; O a multiple of 4, as all of ``scaling``.
    """
    parts = [words([int(scaling.multiplier[0]), int(scaling.addend[0])])] if form.uniform else []
    for first in range(0, len(rows), GROUP):
        low = (biases(scaling, first, first + 1), biases(scaling, first + 2, first + 3))
        parts.append(words([low[0][0], low[1][0], low[0][1], low[1][1]]))
        pairs = [halfwords(rows, o, o + 1).reshape(-1, 4) for o in (first, first + 2)]
        parts.append(np.stack(pairs, axis=1).tobytes())
        order = [first, first + 2, first + 1, first + 3]
        if form.shifts:
            own = scaling.prescale[order]
            parts.append(words([int(s) for s in (*own[:2], *(_FIXED_SHIFT - own[2:]))]))
        if not form.uniform:
            parts.append(words([int(v) for v in (*scaling.multiplier[order], *scaling.addend[order])]))
    return np.frombuffer(b"".join(parts), "<i4")
