"""The clamp of an activation whose range is smaller than int8, four codes at a time."""

from __future__ import annotations

from dataclasses import dataclass

from limen.targets.c._kernel import Helper

_CLAMP = Helper(
    "limen_clamp_codes",
    """\
/* void limen_clamp_codes(int8_t *codes, int32_t count, uint32_t low, uint32_t high)
 * Limits codes to a range; low and high hold their code in all four bytes. */
    .section .text.limen_clamp_codes, "ax", %progbits
    .weak   limen_clamp_codes
    .type   limen_clamp_codes, %function
    .balign 4
limen_clamp_codes:
    lsrs    r12, r1, #2
    beq     2f
    push    {r4, r5}
1:
    ldr     r4, [r0]
    ssub8   r5, r4, r2
    sel     r4, r4, r2
    ssub8   r5, r3, r4
    sel     r4, r4, r3
    str     r4, [r0], #4
    subs    r12, #1
    bne     1b
    pop     {r4, r5}
2:
    ands    r1, r1, #3
    beq     4f
    sxtb    r2, r2
    sxtb    r3, r3
3:
    ldrsb   r12, [r0]
    cmp     r12, r2
    it      lt
    movlt   r12, r2
    cmp     r12, r3
    it      gt
    movgt   r12, r3
    strb    r12, [r0], #1
    subs    r1, #1
    bne     3b
4:
    bx      lr
    .size limen_clamp_codes, .-limen_clamp_codes
""",
)
_DECLARATION = Helper(
    "limen_clamp_codes",
    """\
/* Limits codes to a range; low and high hold their code in all four bytes. */
extern void limen_clamp_codes(int8_t *codes, int32_t count, uint32_t low, uint32_t high);
""",
)


@dataclass(frozen=True)
class Clamp:
    """A statement, empty where saturation is the clamp, and what it needs."""

    text: str = ""
    helpers: tuple[Helper, ...] = ()
    routines: tuple[Helper, ...] = ()


def clamp(codes: str, count: int, low: int, high: int) -> Clamp:
    """Of ``count`` codes at an address."""
    if (low, high) == (-128, 127):
        return Clamp()
    words = ", ".join(f"0x{(code & 255) * 0x01010101:08x}u" for code in (low, high))
    return Clamp(f"    limen_clamp_codes({codes}, {count}, {words});\n", (_DECLARATION,), (_CLAMP,))
