"""What all packed layers share: gathering a window, and four sums over it, in C and for Cortex-M4 in assembler."""

from __future__ import annotations

from dataclasses import dataclass

from limen.targets.c._kernel import Helper, Site, c_type

BLOCK = 4
"""Output channels whose weights are decoded together."""

_SUMS = """\
/* Four sums of products: w holds four weights of each of four channels, then the next four. */
LIMEN_LAYER static void {name}(const {kind} *x, const int8_t *w, int32_t count, {wide} *acc)
{{
    {wide} a = acc[0], b = acc[1], c = acc[2], d = acc[3];
    for (int32_t i = 0; i < count; i += 4) {{
        const int32_t p = x[i], q = x[i + 1], r = x[i + 2], s = x[i + 3];
        a += p * w[0] + q * w[1] + r * w[2] + s * w[3];
        b += p * w[4] + q * w[5] + r * w[6] + s * w[7];
        c += p * w[8] + q * w[9] + r * w[10] + s * w[11];
        d += p * w[12] + q * w[13] + r * w[14] + s * w[15];
        w += 16;
    }}
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}}
"""

_GATHER = """\
/* The window whose first column is at, of rows of width positions, as one run of elements; zero outside. */
LIMEN_LAYER static void {name}(const {kind} *const *rows, int32_t at, {kind} *patch, int32_t height,
    int32_t taps, int32_t dilation, int32_t width, int32_t channels, int32_t zero)
{{
    const int32_t whole = dilation == 1 && at >= 0 && at + taps <= width;
    const int32_t run = whole ? taps * channels : channels;
    for (int32_t ky = 0; ky < height; ++ky) {{
        for (int32_t kx = 0; kx < (whole ? 1 : taps); ++kx) {{
            const int32_t column = at + kx * dilation;
            if (column >= 0 && column < width) {{
                memcpy(patch, rows[ky] + column * channels, (uint32_t)run * sizeof *patch);
                patch += run;
            }} else {{
                for (int32_t i = 0; i < channels; ++i) {{
                    *patch++ = ({kind})zero;
                }}
            }}
        }}
    }}
}}
"""

_DECLARED = Helper(
    "limen_sums_m4",
    """\
/* Four sums of products: w holds four weights of each of four channels, then the next four. */
extern void limen_sums_m4(const int8_t *x, const int8_t *w, int32_t count, int32_t *acc);
""",
)

_ASSEMBLED = Helper(
    "limen_sums_m4",
    """\
/* void limen_sums_m4(const int8_t *x, const int8_t *w, int32_t count, int32_t *acc) */
    .macro sums_of word, acc
    sxtb16  lr, \\word
    sxtb16  \\word, \\word, ror #8
    smlad   \\acc, r11, lr, \\acc
    smlad   \\acc, r12, \\word, \\acc
    .endm
    .global limen_sums_m4
    .type   limen_sums_m4, %function
    .thumb_func
limen_sums_m4:
    push    {r3-r11, lr}
    ldm     r3, {r3-r6}
    add     r2, r2, r0
1:
    ldr     r12, [r0], #4
    ldm     r1!, {r7-r10}
    sxtb16  r11, r12
    sxtb16  r12, r12, ror #8
    sums_of r7, r3
    sums_of r8, r4
    sums_of r9, r5
    sums_of r10, r6
    cmp     r0, r2
    bne     1b
    pop     {r0}
    stm     r0, {r3-r6}
    pop     {r4-r11, pc}
    .size   limen_sums_m4, .-limen_sums_m4
""",
)


@dataclass(frozen=True)
class Sums:
    """The common function: its name, what stands in C, what stands in the assembler file."""

    name: str
    declared: Helper
    routines: tuple[Helper, ...] = ()


def sums(site: Site, accumulator: str) -> Sums:
    """The function that makes four sums, for a site's input type and kernels."""
    kind = c_type(site.input(0))
    if site.isa == "armv7em" and kind == "int8_t" and accumulator == "int32_t":
        return Sums(_DECLARED.name, _DECLARED, (_ASSEMBLED,))
    name = f"limen_sums_{kind.removesuffix('_t')}_{accumulator.removesuffix('_t')}"
    return Sums(name, Helper(name, _SUMS.format(name=name, kind=kind, wide=accumulator)))


def gather(kind: str) -> Helper:
    """The function that gathers a window of elements of a C type."""
    name = f"limen_gather_{kind.removesuffix('_t')}"
    return Helper(name, _GATHER.format(name=name, kind=kind))
