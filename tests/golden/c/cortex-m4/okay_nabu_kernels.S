/* okay_nabu_kernels.S: inner loops of okay_nabu.c for cortex-m4. */
    .syntax unified
    .thumb
    .text

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

/* void limen_expand_rows_10(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 40 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_10, "ax", %progbits
    .weak   limen_expand_rows_10
    .type   limen_expand_rows_10, %function
    .balign 4
limen_expand_rows_10:
    push    {r4-r11, lr}
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    add     lr, r4, r3
    .rept   5
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    .endr
    ldr     r4, [sp, #36]
    subs    r4, r4, #1
    str     r4, [sp, #36]
    bne     1b
    pop     {r4-r11, pc}
    .size limen_expand_rows_10, .-limen_expand_rows_10

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

/* void limen_quad_200_s16_one(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)
 * One position by four output channels a pass, sums of 200 elements. */
    .section .text.limen_quad_200_s16_one, "ax", %progbits
    .weak   limen_quad_200_s16_one
    .type   limen_quad_200_s16_one, %function
    .balign 4
limen_quad_200_s16_one:
    push    {r4-r11, lr}
    add     lr, r0, #800
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r2-r5}
2:
    .rept   2
    quad_one
    .endr
    ldr     r6, [sp, #16]
    cmp     r0, r6
    bne     2b
    sub     r3, r3, r2
    sub     r5, r5, r4
    lsl     r2, r2, #8
    lsl     r4, r4, #8
    ldm     r1!, {r6, r7}
    smmla   r2, r2, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r3, r3, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r4, r4, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r5, r5, r6, r7
    ldm     sp, {r0, r6, r7}
    ssat    r2, #8, r2, asr #16
    ssat    r3, #8, r3, asr #16
    ssat    r4, #8, r4, asr #16
    ssat    r5, #8, r5, asr #16
    strb    r2, [r6], #1
    strb    r3, [r6], #1
    strb    r4, [r6], #1
    strb    r5, [r6], #1
    str     r6, [sp, #4]
    cmp     r6, r7
    bne     1b
    add     sp, sp, #20
    pop     {r4-r11, pc}
    .size limen_quad_200_s16_one, .-limen_quad_200_s16_one

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

/* void limen_taps_4_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 4 taps, channels [first, end) in fours. */
    .section .text.limen_taps_4_s12_bent, "ax", %progbits
    .weak   limen_taps_4_s12_bent
    .type   limen_taps_4_s12_bent, %function
    .balign 4
limen_taps_4_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #16
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   2
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_4_s12_bent, .-limen_taps_4_s12_bent

/* void limen_expand_rows_16(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 64 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_16, "ax", %progbits
    .weak   limen_expand_rows_16
    .type   limen_expand_rows_16, %function
    .balign 4
limen_expand_rows_16:
    push    {r4-r11, lr}
    sub     sp, sp, #4
    str     r3, [sp]
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    ldr     r3, [sp]
    add     lr, r4, r3
    movs    r3, #2
2:
    .rept   4
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    .endr
    subs    r3, r3, #1
    bne     2b
    ldr     r4, [sp, #40]
    subs    r4, r4, #1
    str     r4, [sp, #40]
    bne     1b
    add     sp, sp, #4
    pop     {r4-r11, pc}
    .size limen_expand_rows_16, .-limen_expand_rows_16

/* void limen_quad_64_s12_one(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)
 * One position by four output channels a pass, sums of 64 elements. */
    .section .text.limen_quad_64_s12_one, "ax", %progbits
    .weak   limen_quad_64_s12_one
    .type   limen_quad_64_s12_one, %function
    .balign 4
limen_quad_64_s12_one:
    push    {r4-r11, lr}
    add     lr, r0, #256
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r2-r5}
2:
    .rept   4
    quad_one
    .endr
    ldr     r6, [sp, #16]
    cmp     r0, r6
    bne     2b
    sub     r3, r3, r2
    sub     r5, r5, r4
    lsl     r2, r2, #8
    lsl     r4, r4, #8
    ldm     r1!, {r6, r7}
    smmla   r2, r2, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r3, r3, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r4, r4, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r5, r5, r6, r7
    ldm     sp, {r0, r6, r7}
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    strb    r2, [r6], #1
    strb    r3, [r6], #1
    strb    r4, [r6], #1
    strb    r5, [r6], #1
    str     r6, [sp, #4]
    cmp     r6, r7
    bne     1b
    add     sp, sp, #20
    pop     {r4-r11, pc}
    .size limen_quad_64_s12_one, .-limen_quad_64_s12_one

/* void limen_taps_6_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 6 taps, channels [first, end) in fours. */
    .section .text.limen_taps_6_s12_bent, "ax", %progbits
    .weak   limen_taps_6_s12_bent
    .type   limen_taps_6_s12_bent, %function
    .balign 4
limen_taps_6_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #24
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   3
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_6_s12_bent, .-limen_taps_6_s12_bent

/* void limen_taps_10_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 10 taps, channels [first, end) in fours. */
    .section .text.limen_taps_10_s12_bent, "ax", %progbits
    .weak   limen_taps_10_s12_bent
    .type   limen_taps_10_s12_bent, %function
    .balign 4
limen_taps_10_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #40
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   5
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_10_s12_bent, .-limen_taps_10_s12_bent

/* void limen_taps_8_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 8 taps, channels [first, end) in fours. */
    .section .text.limen_taps_8_s12_bent, "ax", %progbits
    .weak   limen_taps_8_s12_bent
    .type   limen_taps_8_s12_bent, %function
    .balign 4
limen_taps_8_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #32
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   4
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_8_s12_bent, .-limen_taps_8_s12_bent

/* void limen_taps_14_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 14 taps, channels [first, end) in fours. */
    .section .text.limen_taps_14_s12_bent, "ax", %progbits
    .weak   limen_taps_14_s12_bent
    .type   limen_taps_14_s12_bent, %function
    .balign 4
limen_taps_14_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #56
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   7
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_14_s12_bent, .-limen_taps_14_s12_bent

/* void limen_taps_16_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 16 taps, channels [first, end) in fours. */
    .section .text.limen_taps_16_s12_bent, "ax", %progbits
    .weak   limen_taps_16_s12_bent
    .type   limen_taps_16_s12_bent, %function
    .balign 4
limen_taps_16_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #64
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   8
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_16_s12_bent, .-limen_taps_16_s12_bent

/* void limen_taps_18_s12_bent(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 18 taps, channels [first, end) in fours. */
    .section .text.limen_taps_18_s12_bent, "ax", %progbits
    .weak   limen_taps_18_s12_bent
    .type   limen_taps_18_s12_bent, %function
    .balign 4
limen_taps_18_s12_bent:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #72
    push    {r0, r3, lr}
    push    {r12}
1:
    ldm     r1!, {r3-r6}
    .rept   9
    two_taps
    .endr
    ldm     r1!, {r7-r9}
    and     lr, r9, r3, asr #31
    smmla   r3, r3, r7, r8
    add     r3, r3, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r4, asr #31
    smmla   r4, r4, r7, r8
    add     r4, r4, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r5, asr #31
    smmla   r5, r5, r7, r8
    add     r5, r5, lr
    ldm     r1!, {r7-r9}
    and     lr, r9, r6, asr #31
    smmla   r6, r6, r7, r8
    add     r6, r6, lr
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_18_s12_bent, .-limen_taps_18_s12_bent

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

/* Two products of one word \w of weights of two outputs: \both gathers 256 * S1 + S0, \low gathers S0. */
    .macro product w, x, both, low
    smlad   \both, \x, \w, \both
    sxtb16  \w, \w
    smlad   \low, \x, \w, \low
    .endm

/* Four elements, in \x02 and \x13, by four outputs. */
    .macro product_step x02, x13
    ldm     r1!, {r10, r11, r12, lr}
    product r10, \x02, r4, r2
    product r11, \x13, r4, r2
    product r12, \x02, r5, r3
    product lr, \x13, r5, r3
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

/* void limen_product_64_s16_uniform_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 64 elements of int16. */
    .section .text.limen_product_64_s16_uniform_x4, "ax", %progbits
    .weak   limen_product_64_s16_uniform_x4
    .type   limen_product_64_s16_uniform_x4, %function
    .balign 4
limen_product_64_s16_uniform_x4:
    push    {r4-r11, lr}
    add     r12, r0, #128
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
2:
    .rept   4
    product_wide
    .endr
    ldr     r6, [sp, #12]
    cmp     r0, r6
    bne     2b
    sub     r4, r4, r2
    sub     r5, r5, r3
    lsl     r2, r2, #8
    lsl     r3, r3, #8
    ldrd    r6, r7, [sp, #16]
    smmla   r2, r2, r6, r7
    smmla   r3, r3, r6, r7
    smmla   r4, r4, r6, r7
    smmla   r5, r5, r6, r7
    ssat    r2, #8, r2, asr #16
    ssat    r3, #8, r3, asr #16
    ssat    r4, #8, r4, asr #16
    ssat    r5, #8, r5, asr #16
    ldm     sp, {r0, r6, r7}
    strb    r2, [r6], #1
    strb    r4, [r6], #1
    strb    r3, [r6], #1
    strb    r5, [r6], #1
    str     r6, [sp, #4]
    cmp     r6, r7
    bne     1b
    add     sp, sp, #24
    pop     {r4-r11, pc}
    .size limen_product_64_s16_uniform_x4, .-limen_product_64_s16_uniform_x4
