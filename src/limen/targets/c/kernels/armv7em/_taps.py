"""Depthwise convolutions of any window: one output position, four channels at a time, two taps at a time.

The taps of a position are addresses, those outside the input of a row of padding, so that windows, strides, dilations
and borders are no concern of the routine. Two taps of four channels, two words of int8, become four pairs of int16, and
each pair is one SMLAD. The stream holds by four channels the biases, of two taps in turn a word of weights for each
channel, and by channel multiplier, addend, bend and, where the channels do not share one, the shift of the saturation.
"""

from __future__ import annotations

import numpy as np

from limen.program import Array
from limen.targets.c._kernel import Helper
from limen.targets.c.kernels.armv7em._routines import Form, head, repeat, text_of, unrolling
from limen.targets.c.kernels.armv7em._scaling import Int64, Scaling
from limen.targets.c.kernels.armv7em._stream import words

GROUP = 4
_MOST_UNROLLED = 9

_TWO = Helper(
    "limen_two_taps",
    """\
/* Two taps of four channels, r2 channels from the beginning of each. */
    .macro two_taps
    ldm     r0!, {r7, r8}
    ldm     r1!, {r9-r12}
    ldr     r7, [r7, r2]
    ldr     r8, [r8, r2]
    pkhbt   lr, r7, r8, lsl #16
    pkhtb   r7, r8, r7, asr #16
    sxtb16  r8, lr
    smlad   r3, r8, r9, r3
    sxtb16  r8, lr, ror #8
    smlad   r4, r8, r10, r4
    sxtb16  r8, r7
    smlad   r5, r8, r11, r5
    sxtb16  r8, r7, ror #8
    smlad   r6, r8, r12, r6
    .endm
""",
)


def taps_routine(pairs: int, form: Form) -> tuple[Helper, Helper]:
    """The routine, and its declaration.

    Args:
        pairs: of taps.
        form: with shift 0 where each channel has its own.
    """
    name = f"limen_taps_{2 * pairs}_{form.name}"
    what = f"One position of a depthwise convolution of {2 * pairs} taps, channels [first, end) in fours."
    rounds, unrolled, rest = unrolling(pairs, _MOST_UNROLLED)
    loop = ["2:", *repeat(unrolled, "two_taps"), "ldr     r7, [sp, #12]", "cmp     r0, r7", "bne     2b"]
    lines = [
        f"/* void {name}(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)",
        f" * {what} */",
        *head(name),
        "push    {r4-r11, lr}",
        "ldr     r12, [sp, #36]",
        f"add     lr, r0, #{8 * pairs}",
        "push    {r0, r3, lr}",
        "push    {r12}",
        "1:",
        "ldm     r1!, {r3-r6}",
        *repeat(rest, "two_taps"),
        *(loop if rounds > 1 else repeat(unrolled, "two_taps")),
        *_requantize(form),
        "ldm     sp, {r7, r8, r9}",
        "mov     r0, r8",
        "add     r7, r7, r2",
        *(f"ssat    r{r}, #8, r{r}{f', asr #{form.shift}' if form.shift else ''}" for r in (3, 4, 5, 6)),
        *(f"strb    r{r}, [r7, #{r - 3}]" for r in (3, 4, 5, 6)),
        "adds    r2, r2, #4",
        "cmp     r2, r9",
        "bne     1b",
        "add     sp, sp, #16",
        "pop     {r4-r11, pc}",
        f".size {name}, .-{name}",
    ]
    declaration = f"/* {what} */\nextern void {name}(const int8_t *const *taps, const void *stream, int32_t first,\n"
    declaration += "    int32_t end, int8_t *out);\n"
    return Helper(name, text_of(lines), (_TWO,)), Helper(name, declaration)


def _requantize(form: Form) -> list[str]:
    """r3 to r6, sums of four channels, become lines, or codes yet to be saturated."""
    last = 8 + form.bent + (not form.shift)
    lines = []
    for register in (3, 4, 5, 6):
        lines += [f"ldm     r1!, {{r7-r{last}}}"]
        lines += [f"and     lr, r9, r{register}, asr #31"] if form.bent else []
        lines += [f"smmla   r{register}, r{register}, r7, r8"]
        lines += [f"add     r{register}, r{register}, lr"] if form.bent else []
        lines += [] if form.shift else [f"asr     r{register}, r{register}, r{last}"]
    return lines


def taps_stream(rows: Int64, scaling: Scaling, shifts: Int64 | None, groups: list[range]) -> Array:
    """int32 words for ``taps_routine``.

    Args:
        rows: [C, taps], an even number of taps.
        shifts: [C] of the saturation, where the channels do not share one.
        groups: of four channels.
    """
    scaled = (rows << scaling.prescale[:, None]).reshape(len(rows), -1, 2)
    bias = scaling.bias << scaling.prescale
    parts = []
    for group in groups:
        channels = list(group)
        parts.append(words([int(b) for b in bias[channels]]))
        parts.append(scaled[channels].transpose(1, 0, 2).astype("<i2").tobytes())
        tail: list[int] = []
        for c in channels:
            tail += [int(scaling.multiplier[c]), int(scaling.addend[c])]
            tail += [] if scaling.bend is None else [int(scaling.bend[c])]
            tail += [] if shifts is None else [int(shifts[c])]
        parts.append(words(tail))
    return np.frombuffer(b"".join(parts), "<i4")
