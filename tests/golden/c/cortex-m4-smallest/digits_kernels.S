/* digits_kernels.S: inner loops of digits.c for cortex-m4. */
    .syntax unified
    .thumb
    .text

/* Four elements of two positions, in r6 and r7. */
    .macro expand_word
    sxtb16  r4, r6
    sxtb16  r5, r7
    sxtb16  r6, r6, ror #8
    sxtb16  r7, r7, ror #8
    stm     r0!, {r4-r7}
    .endm

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

/* void limen_expand_bytes_3x3(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b)
 * Widens 3 elements of each of 3 rows for two positions into int16 pairs, odd ends last. */
    .section .text.limen_expand_bytes_3x3, "ax", %progbits
    .weak   limen_expand_bytes_3x3
    .type   limen_expand_bytes_3x3, %function
    .balign 4
limen_expand_bytes_3x3:
    push    {r4-r11}
    ldr     r8, [r1, #0]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r6, [r12, #0]
    ldrb    r7, [r8, #0]
    ldrb    r4, [r12, #1]
    ldrb    r5, [r8, #1]
    orr     r6, r6, r4, lsl #8
    orr     r7, r7, r5, lsl #8
    ldrb    r4, [r12, #2]
    ldrb    r5, [r8, #2]
    orr     r6, r6, r4, lsl #16
    orr     r7, r7, r5, lsl #16
    ldr     r8, [r1, #4]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r4, [r12, #0]
    ldrb    r5, [r8, #0]
    orr     r6, r6, r4, lsl #24
    orr     r7, r7, r5, lsl #24
    expand_word
    ldrb    r6, [r12, #1]
    ldrb    r7, [r8, #1]
    ldrb    r4, [r12, #2]
    ldrb    r5, [r8, #2]
    orr     r6, r6, r4, lsl #8
    orr     r7, r7, r5, lsl #8
    ldr     r8, [r1, #8]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r4, [r12, #0]
    ldrb    r5, [r8, #0]
    orr     r6, r6, r4, lsl #16
    orr     r7, r7, r5, lsl #16
    ldrb    r4, [r12, #1]
    ldrb    r5, [r8, #1]
    orr     r6, r6, r4, lsl #24
    orr     r7, r7, r5, lsl #24
    expand_word
    ldrb    r6, [r12, #2]
    ldrb    r7, [r8, #2]
    expand_word
    pop     {r4-r11}
    bx      lr
    .size limen_expand_bytes_3x3, .-limen_expand_bytes_3x3

/* Two elements of four channels' sums at two positions, weights of int16, and the first two, which take the biases. */
    .macro quad_wide b0=r3, b1=r5, b2=r7, b3=r9, a0=r2, a1=r4, a2=r6, a3=r8
    ldm     r0!, {r10, r11}
    ldm     r1!, {r12, lr}
    smlad   r2, r10, r12, \a0
    smlad   r3, r11, r12, \b0
    smlad   r4, r10, lr, \a1
    smlad   r5, r11, lr, \b1
    ldm     r1!, {r12, lr}
    smlad   r6, r10, r12, \a2
    smlad   r7, r11, r12, \b2
    smlad   r8, r10, lr, \a3
    smlad   r9, r11, lr, \b3
    .endm
    .macro quad_wide_first
    quad_wide r3, r5, r7, r9, r3, r5, r7, r9
    .endm

/* void limen_quad_12_s12_x5_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 12 elements. */
    .section .text.limen_quad_12_s12_x5_wide, "ax", %progbits
    .weak   limen_quad_12_s12_x5_wide
    .type   limen_quad_12_s12_x5_wide, %function
    .balign 4
limen_quad_12_s12_x5_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #48
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   5
    quad_wide
    .endr
    ldm     r1!, {r10, r11, r12, lr}
    smmla   r2, r2, r10, r11
    smmla   r3, r3, r10, r11
    smmla   r4, r4, r12, lr
    smmla   r5, r5, r12, lr
    ldm     r1!, {r10, r11, r12, lr}
    smmla   r6, r6, r10, r11
    smmla   r7, r7, r10, r11
    smmla   r8, r8, r12, lr
    smmla   r9, r9, r12, lr
    ldm     sp, {r0, r10, r11, r12}
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    ssat    r7, #8, r7, asr #12
    ssat    r8, #8, r8, asr #12
    ssat    r9, #8, r9, asr #12
    strb    r2, [r10], #1
    strb    r3, [r11], #1
    strb    r4, [r10], #1
    strb    r5, [r11], #1
    strb    r6, [r10], #1
    strb    r7, [r11], #1
    strb    r8, [r10], #1
    strb    r9, [r11], #1
    cmp     r10, r12
    strd    r10, r11, [sp, #4]
    bne     1b
    add     sp, sp, #20
    pop     {r4-r11, pc}
    .size limen_quad_12_s12_x5_wide, .-limen_quad_12_s12_x5_wide

/* void limen_expand_rows_12(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 48 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_12, "ax", %progbits
    .weak   limen_expand_rows_12
    .type   limen_expand_rows_12, %function
    .balign 4
limen_expand_rows_12:
    push    {r4-r11, lr}
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    add     lr, r4, r3
    .rept   6
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    .endr
    ldr     r4, [sp, #36]
    subs    r4, r4, #1
    str     r4, [sp, #36]
    bne     1b
    pop     {r4-r11, pc}
    .size limen_expand_rows_12, .-limen_expand_rows_12

/* Two elements of four channels' sums at two positions, and the first two, which take the biases. */
    .macro quad_step b0=r3, c1=r5, b2=r7, c3=r9, a0=r2, a1=r4, a2=r6, a3=r8
    ldm     r0!, {r10, r11}
    ldm     r1!, {r12, lr}
    smlad   r4, r10, r12, \a1
    smlad   r5, r11, r12, \c1
    sxtb16  r12, r12
    smlad   r2, r10, r12, \a0
    smlad   r3, r11, r12, \b0
    smlad   r8, r10, lr, \a3
    smlad   r9, r11, lr, \c3
    sxtb16  lr, lr
    smlad   r6, r10, lr, \a2
    smlad   r7, r11, lr, \b2
    .endm
    .macro quad_first
    quad_step r3, r5, r7, r9, r3, r5, r7, r9
    .endm

/* void limen_quad_144_s12_x10(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 144 elements. */
    .section .text.limen_quad_144_s12_x10, "ax", %progbits
    .weak   limen_quad_144_s12_x10
    .type   limen_quad_144_s12_x10, %function
    .balign 4
limen_quad_144_s12_x10:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #576
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_first
    quad_step
2:
    .rept   10
    quad_step
    .endr
    ldr     r10, [sp, #16]
    cmp     r0, r10
    bne     2b
    sub     r4, r4, r2
    sub     r5, r5, r3
    lsl     r2, r2, #8
    lsl     r3, r3, #8
    sub     r8, r8, r6
    sub     r9, r9, r7
    lsl     r6, r6, #8
    lsl     r7, r7, #8
    ldm     r1!, {r10, r11, r12, lr}
    smmla   r2, r2, r10, r11
    smmla   r3, r3, r10, r11
    smmla   r4, r4, r12, lr
    smmla   r5, r5, r12, lr
    ldm     r1!, {r10, r11, r12, lr}
    smmla   r6, r6, r10, r11
    smmla   r7, r7, r10, r11
    smmla   r8, r8, r12, lr
    smmla   r9, r9, r12, lr
    ldm     sp, {r0, r10, r11, r12}
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
    ssat    r6, #8, r6, asr #12
    ssat    r7, #8, r7, asr #12
    ssat    r8, #8, r8, asr #12
    ssat    r9, #8, r9, asr #12
    strb    r2, [r10], #1
    strb    r3, [r11], #1
    strb    r4, [r10], #1
    strb    r5, [r11], #1
    strb    r6, [r10], #1
    strb    r7, [r11], #1
    strb    r8, [r10], #1
    strb    r9, [r11], #1
    cmp     r10, r12
    strd    r10, r11, [sp, #4]
    bne     1b
    add     sp, sp, #20
    pop     {r4-r11, pc}
    .size limen_quad_144_s12_x10, .-limen_quad_144_s12_x10

/* void limen_sums_m4(const int8_t *x, const int8_t *w, int32_t count, int32_t *acc) */
    .macro sums_of word, acc
    sxtb16  lr, \word
    sxtb16  \word, \word, ror #8
    smlad   \acc, r11, lr, \acc
    smlad   \acc, r12, \word, \acc
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

/* void limen_product_192_s16_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 192 elements of int16. */
    .section .text.limen_product_192_s16_x4, "ax", %progbits
    .weak   limen_product_192_s16_x4
    .type   limen_product_192_s16_x4, %function
    .balign 4
limen_product_192_s16_x4:
    push    {r4-r11, lr}
    add     r12, r0, #384
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
    ldm     r1!, {r6-r9}
    ldm     r1!, {r10, r11, r12, lr}
    smmla   r2, r2, r6, r10
    smmla   r3, r3, r7, r11
    smmla   r4, r4, r8, r12
    smmla   r5, r5, r9, lr
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
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_product_192_s16_x4, .-limen_product_192_s16_x4
