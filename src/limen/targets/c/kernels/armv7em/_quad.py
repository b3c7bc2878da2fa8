"""Assembler routines of the convolutions: four output channels by two positions a pass, or by one.

Of all shapes that fit the registers this one takes the fewest cycles: two loads of two words feed sixteen
multiply-accumulates. For dual and wide weights see ``_gemm``; of each group of four channels the stream holds the
biases (of dual weights b0, b1 * 256 + b0, b2, b3 * 256 + b2), the weights of both pairs or all channels in turn, own
shifts by pairs where the form has them, and by channel multiplier, addend and bend.
"""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._gemm import add, looped
from limen.targets.c.kernels.armv7em._routines import Form, head, repeat, text_of, unrolling
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import EXPANDED, FIXED_SHIFT, biases, halfwords, words

QUAD = 4

_MACROS = Helper(
    "limen_quad",
    """\
/* Two elements of four channels' sums at two positions, and the first two, which take the biases. */
    .macro quad_step b0=r3, c1=r5, b2=r7, c3=r9, a0=r2, a1=r4, a2=r6, a3=r8
    ldm     r0!, {r10, r11}
    ldm     r1!, {r12, lr}
    smlad   r4, r10, r12, \\a1
    smlad   r5, r11, r12, \\c1
    sxtb16  r12, r12
    smlad   r2, r10, r12, \\a0
    smlad   r3, r11, r12, \\b0
    smlad   r8, r10, lr, \\a3
    smlad   r9, r11, lr, \\c3
    sxtb16  lr, lr
    smlad   r6, r10, lr, \\a2
    smlad   r7, r11, lr, \\b2
    .endm
    .macro quad_first
    quad_step r3, r5, r7, r9, r3, r5, r7, r9
    .endm
""",
)

_WIDE = Helper(
    "limen_quad_wide",
    """\
/* Two elements of four channels' sums at two positions, weights of int16, and the first two, which take the biases. */
    .macro quad_wide b0=r3, b1=r5, b2=r7, b3=r9, a0=r2, a1=r4, a2=r6, a3=r8
    ldm     r0!, {r10, r11}
    ldm     r1!, {r12, lr}
    smlad   r2, r10, r12, \\a0
    smlad   r3, r11, r12, \\b0
    smlad   r4, r10, lr, \\a1
    smlad   r5, r11, lr, \\b1
    ldm     r1!, {r12, lr}
    smlad   r6, r10, r12, \\a2
    smlad   r7, r11, r12, \\b2
    smlad   r8, r10, lr, \\a3
    smlad   r9, r11, lr, \\b3
    .endm
    .macro quad_wide_first
    quad_wide r3, r5, r7, r9, r3, r5, r7, r9
    .endm
""",
)

_WIDE_ONE = Helper(
    "limen_quad_wide_one",
    """\
/* Four elements of four channels' sums at the first of two positions, weights of int16. */
    .macro quad_wide_one
    ldm     r0!, {r6-r9}
    ldm     r1!, {r10, r11, r12, lr}
    smlad   r2, r6, r10, r2
    smlad   r3, r6, r11, r3
    smlad   r4, r6, r12, r4
    smlad   r5, r6, lr, r5
    ldm     r1!, {r10, r11, r12, lr}
    smlad   r2, r8, r10, r2
    smlad   r3, r8, r11, r3
    smlad   r4, r8, r12, r4
    smlad   r5, r8, lr, r5
    .endm
""",
)

_ONE = Helper(
    "limen_quad_one",
    """\
/* Four elements of four channels' sums at the first of two positions. */
    .macro quad_one
    ldm     r1!, {r10, r11, r12, lr}
    ldm     r0!, {r6-r9}
    smlad   r3, r6, r10, r3
    sxtb16  r10, r10
    smlad   r2, r6, r10, r2
    smlad   r5, r6, r11, r5
    sxtb16  r11, r11
    smlad   r4, r6, r11, r4
    smlad   r3, r8, r12, r3
    sxtb16  r12, r12
    smlad   r2, r8, r12, r2
    smlad   r5, r8, lr, r5
    sxtb16  lr, lr
    smlad   r4, r8, lr, r4
    .endm
""",
)


def quad_of_any(form: Form, wide: bool) -> tuple[Helper, Helper]:
    """``quad`` for sums of any length, told by the end of the columns: one routine for many layers."""
    name = f"limen_quad_{form.name}" + ("_wide" if wide else "")
    what = "Two positions by four output channels a pass."
    step = "quad_wide" if wide else "quad_step"
    lines = [
        f"/* void {name}(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a,",
        " *     const uint32_t *end)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        "ldrd    r12, lr, [sp, #36]",
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r3, r5, r7, r9}",
        *(f"mov     r{r}, r{r + 1}" for r in (2, 4, 6, 8)),
        *looped(2, "r10", step, step),
        *_ending(form, wide),
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const uint32_t *columns, const void *stream, int8_t *a,\n"
    declaration += "    int8_t *b, const int8_t *end_of_a, const uint32_t *end);\n"
    return Helper(name, text_of(lines), (_WIDE if wide else _MACROS,)), Helper(name, declaration)


def quad(elements: int, form: Form, wide: bool, most: int) -> tuple[Helper, Helper]:
    """Four output channels by two positions a pass: the routine, and its declaration.

    Args:
        elements: of a sum, a multiple of 4.
        wide: weights are int16.
        most: steps of two elements in a row.
    """
    rounds, unrolled, rest = unrolling(elements // 2 - 1, most)
    name = f"limen_quad_{elements}_{form.name}_x{unrolled}" + ("_wide" if wide else "")
    step = "quad_wide" if wide else "quad_step"
    what = f"Two positions by four output channels a pass, sums of {elements} elements."
    lines = [
        f"/* void {name}(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        "ldr     r12, [sp, #36]",
        *add("lr", elements * 4),
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r3, r5, r7, r9}",
        "quad_wide_first" if wide else "quad_first",
        *repeat(rest, step),
        *looped(rounds, "r10", *repeat(unrolled, step)),
        *_ending(form, wide),
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const uint32_t *columns, const void *stream, int8_t *a,\n"
    declaration += "    int8_t *b, const int8_t *end_of_a);\n"
    return Helper(name, text_of(lines), (_WIDE if wide else _MACROS,)), Helper(name, declaration)


def _ending(form: Form, wide: bool) -> list[str]:
    """From sums to stores, and on to the next four channels."""
    return [
        *([] if wide else _halves(form)),
        *_requantize(form),
        "ldm     sp, {r0, r10, r11, r12}",
        *(f"ssat    r{r}, #8, r{r}, asr #{form.shift}" for r in range(2, 10)),
        *(line for r in (2, 4, 6, 8) for line in (f"strb    r{r}, [r10], #1", f"strb    r{r + 1}, [r11], #1")),
        "cmp     r10, r12",
        "strd    r10, r11, [sp, #4]",
        "bne     1b",
        "add     sp, sp, #20",
        "pop     {r4-r11, pc}",
    ]


def _halves(form: Form) -> list[str]:
    """The sums of four channels at two positions, one scale for all, from those of dual weights."""
    lines = []
    for low, both in ((2, 4), (6, 8)):
        lines += [f"sub     r{both + i}, r{both + i}, r{low + i}" for i in (0, 1)]
        if form.shifts:
            lines += ["ldm     r1!, {r10, r11}"]
            lines += [f"lsl     r{low + i}, r{low + i}, r10" for i in (0, 1)]
            lines += [f"asr     r{both + i}, r{both + i}, r11" for i in (0, 1)]
        else:
            lines += [f"lsl     r{low + i}, r{low + i}, #8" for i in (0, 1)]
    return lines


def _requantize(form: Form) -> list[str]:
    """r2 to r9, sums of four channels at two positions, become lines."""
    lines = []
    if form.bent:
        for first in (2, 4, 6, 8):
            lines += ["ldm     r1!, {r10, r11, r12}"]
            for r in (first, first + 1):
                lines += [f"and     lr, r12, r{r}, asr #31", f"smmla   r{r}, r{r}, r10, r11", f"add     r{r}, r{r}, lr"]
        return lines
    for first in (2, 6):
        lines += ["ldm     r1!, {r10, r11, r12, lr}"]
        lines += [f"smmla   r{r}, r{r}, r10, r11" for r in (first, first + 1)]
        lines += [f"smmla   r{r}, r{r}, r12, lr" for r in (first + 2, first + 3)]
    return lines


def quad_one(elements: int, form: Form, wide: bool) -> tuple[Helper, Helper]:
    """Four output channels by the first of two positions a pass: the routine, and its declaration."""
    name = f"limen_quad_{elements}_{form.name}" + ("_wide_one" if wide else "_one")
    step = "quad_wide_one" if wide else "quad_one"
    what = f"One position by four output channels a pass, sums of {elements} elements."
    rounds, unrolled, rest = unrolling(elements // 4, 4)
    lines = [
        f"/* void {name}(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        *add("lr", elements * 4),
        "push    {r0, r2, r3, r12, lr}",
        "1:",
        "ldm     r1!, {r2-r5}",
        *repeat(rest, step),
        *looped(rounds, "r6", *repeat(unrolled, step)),
        *([] if wide else _halves_of_one(form)),
        *_requantize_one(form),
        "ldm     sp, {r0, r6, r7}",
        *(f"ssat    r{r}, #8, r{r}, asr #{form.shift}" for r in (2, 3, 4, 5)),
        *(f"strb    r{r}, [r6], #1" for r in (2, 3, 4, 5)),
        "str     r6, [sp, #4]",
        "cmp     r6, r7",
        "bne     1b",
        "add     sp, sp, #20",
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const uint32_t *columns, const void *stream, int8_t *out,\n"
    declaration += "    const int8_t *end);\n"
    return Helper(name, text_of(lines), (_WIDE_ONE if wide else _ONE,)), Helper(name, declaration)


def _halves_of_one(form: Form) -> list[str]:
    """As ``_halves``, at one position."""
    lines = ["sub     r3, r3, r2", "sub     r5, r5, r4"]
    if not form.shifts:
        return [*lines, "lsl     r2, r2, #8", "lsl     r4, r4, #8"]
    lines += ["ldm     r1!, {r6-r9}", "lsl     r2, r2, r6", "asr     r3, r3, r7"]
    return [*lines, "lsl     r4, r4, r8", "asr     r5, r5, r9"]


def _requantize_one(form: Form) -> list[str]:
    """r2 to r5, sums of four channels, become lines."""
    lines = []
    for register in (2, 3, 4, 5):
        lines += ["ldm     r1!, {r6, r7, r8}" if form.bent else "ldm     r1!, {r6, r7}"]
        lines += [f"and     lr, r8, r{register}, asr #31"] if form.bent else []
        lines += [f"smmla   r{register}, r{register}, r6, r7"]
        lines += [f"add     r{register}, r{register}, lr"] if form.bent else []
    return lines


Quad = tuple[int, int, int, int]


def quad_stream(rows: Int64, scaling: Scaling, form: Form, quads: list[Quad]) -> Array:
    """int32 words of a stream of dual weights for ``quad``.

    Args:
        rows: [O, K], K a multiple of 4.
        quads: of output channels.
    """
    parts = []
    for group in quads:
        pairs = [group[:2], group[2:]]
        parts.append(words([word for pair in pairs for word in biases(scaling, *pair)]))
        parts.append(np.stack([halfwords(rows, *pair).reshape(-1, 2) for pair in pairs], axis=1).tobytes())
        if form.shifts:
            own = [(scaling.prescale[low], FIXED_SHIFT - scaling.prescale[high]) for low, high in pairs]
            parts.append(words([int(shift) for pair in own for shift in pair]))
        parts.append(words(_tail(scaling, group)))
    return np.frombuffer(b"".join(parts), "<i4")


def wide_quad_stream(rows: Int64, scaling: Scaling, quads: list[Quad]) -> Array:
    """As ``quad_stream``, of int16 weights."""
    scaled = (rows << scaling.prescale[:, None]).reshape(len(rows), -1, 4)[:, :, EXPANDED].reshape(len(rows), -1, 2)
    bias = scaling.bias << scaling.prescale
    parts = []
    for group in quads:
        parts.append(words([int(b) for b in bias[list(group)]]))
        parts.append(scaled[list(group)].transpose(1, 0, 2).astype("<i2").tobytes())
        parts.append(words(_tail(scaling, group)))
    return np.frombuffer(b"".join(parts), "<i4")


def _tail(scaling: Scaling, group: Quad) -> list[int]:
    """What requantises four channels."""
    found: list[int] = []
    for channel in group:
        found += [int(scaling.multiplier[channel]), int(scaling.addend[channel])]
        found += [int(scaling.bend[channel])] if scaling.bend is not None else []
    return found
