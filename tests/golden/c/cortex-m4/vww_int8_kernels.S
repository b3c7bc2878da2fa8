/* vww_int8_kernels.S: inner loops of vww_int8.c for cortex-m4. */
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

/* void limen_expand_bytes_3x9(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b)
 * Widens 9 elements of each of 3 rows for two positions into int16 pairs, odd ends last. */
    .section .text.limen_expand_bytes_3x9, "ax", %progbits
    .weak   limen_expand_bytes_3x9
    .type   limen_expand_bytes_3x9, %function
    .balign 4
limen_expand_bytes_3x9:
    push    {r4-r11}
    mov     r8, r1
    movs    r12, #3
1:
    ldr     r10, [r8], #4
    add     r9, r10, r2
    add     r10, r10, r3
    .rept   2
    ldr     r6, [r9], #4
    ldr     r7, [r10], #4
    expand_word
    .endr
    subs    r12, r12, #1
    bne     1b
    ldr     r8, [r1, #0]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r6, [r12, #8]
    ldrb    r7, [r8, #8]
    ldr     r8, [r1, #4]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r4, [r12, #8]
    ldrb    r5, [r8, #8]
    orr     r6, r6, r4, lsl #8
    orr     r7, r7, r5, lsl #8
    ldr     r8, [r1, #8]
    add     r12, r8, r2
    add     r8, r8, r3
    ldrb    r4, [r12, #8]
    ldrb    r5, [r8, #8]
    orr     r6, r6, r4, lsl #16
    orr     r7, r7, r5, lsl #16
    expand_word
    pop     {r4-r11}
    bx      lr
    .size limen_expand_bytes_3x9, .-limen_expand_bytes_3x9

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

/* void limen_quad_28_s12_x13_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 28 elements. */
    .section .text.limen_quad_28_s12_x13_wide, "ax", %progbits
    .weak   limen_quad_28_s12_x13_wide
    .type   limen_quad_28_s12_x13_wide, %function
    .balign 4
limen_quad_28_s12_x13_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #112
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   13
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
    .size limen_quad_28_s12_x13_wide, .-limen_quad_28_s12_x13_wide

/* Bytes of four channels at two columns (r7, r4, r8: top, middle, bottom of the left one; r9, r6, r5: of the right one)
 * become three words a channel: top and middle of the left column, bottom of both, top and middle of the right. */
    .macro widen
    pkhtb   r10, r4, r7, asr #16
    pkhbt   r7, r7, r4, lsl #16
    pkhtb   r11, r5, r8, asr #16
    pkhbt   r8, r8, r5, lsl #16
    pkhtb   lr, r6, r9, asr #16
    pkhbt   r9, r9, r6, lsl #16
    sxtb16  r4, r7
    sxtb16  r5, r8
    sxtb16  r6, r9
    sxtb16  r7, r7, ror #8
    sxtb16  r8, r8, ror #8
    sxtb16  r9, r9, ror #8
    stm     r3!, {r4-r9}
    sxtb16  r4, r10
    sxtb16  r5, r11
    sxtb16  r6, lr
    sxtb16  r7, r10, ror #8
    sxtb16  r8, r11, ror #8
    sxtb16  r9, lr, ror #8
    stm     r3!, {r4-r9}
    .endm

/* void limen_depthwise_8x48to48_1_1_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 48 positions, four channels a group. */
    .section .text.limen_depthwise_8x48to48_1_1_s12_z128, "ax", %progbits
    .weak   limen_depthwise_8x48to48_1_1_s12_z128
    .type   limen_depthwise_8x48to48_1_1_s12_z128, %function
    .balign 4
limen_depthwise_8x48to48_1_1_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    add     r0, r0, #8
    add     r1, r1, #8
    add     r2, r2, #8
    movs    r12, #23
2:
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    ldr     r9, [r0, #8]
    ldr     r6, [r1, #8]
    ldr     r5, [r2, #8]
    widen
    add     r0, r0, #16
    add     r1, r1, #16
    add     r2, r2, #16
    subs    r12, r12, #1
    bne     2b
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
3:
    ldm     sp, {r0, r1, r12}
    ldm     r12!, {r2-r9}
    str     r12, [sp, #8]
    add     r12, r0, #960
    str     r12, [sp, #28]
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
4:
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #192]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    add     r0, r0, #192
    ldr     r11, [sp, #28]
    cmp     r0, r11
    bne     4b
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #192]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #8
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #200]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #8
    ldrd    r0, r1, [sp]
    ldr     r12, [sp, #32]
    adds    r0, r0, #12
    adds    r1, r1, #1
    strd    r0, r1, [sp]
    cmp     r0, r12
    bne     3b
    ldr     r12, [sp]
    sub     r12, r12, #48
    str     r12, [sp]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_8x48to48_1_1_s12_z128, .-limen_depthwise_8x48to48_1_1_s12_z128

/* void limen_expand_rows_2(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 8 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_2, "ax", %progbits
    .weak   limen_expand_rows_2
    .type   limen_expand_rows_2, %function
    .balign 4
limen_expand_rows_2:
    push    {r4-r11, lr}
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    add     lr, r4, r3
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    ldr     r4, [sp, #36]
    subs    r4, r4, #1
    str     r4, [sp, #36]
    bne     1b
    pop     {r4-r11, pc}
    .size limen_expand_rows_2, .-limen_expand_rows_2

/* void limen_quad_8_s12_x3_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 8 elements. */
    .section .text.limen_quad_8_s12_x3_wide, "ax", %progbits
    .weak   limen_quad_8_s12_x3_wide
    .type   limen_quad_8_s12_x3_wide, %function
    .balign 4
limen_quad_8_s12_x3_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #32
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   3
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
    .size limen_quad_8_s12_x3_wide, .-limen_quad_8_s12_x3_wide

/* void limen_depthwise_16x48to24_2_0_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 24 positions, four channels a group. */
    .section .text.limen_depthwise_16x48to24_2_0_s12_z128, "ax", %progbits
    .weak   limen_depthwise_16x48to24_2_0_s12_z128
    .type   limen_depthwise_16x48to24_2_0_s12_z128, %function
    .balign 4
limen_depthwise_16x48to24_2_0_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
    mov     r4, #0x80808080
    sxtb16  r4, r4
    mov     r5, r4
    mov     r6, r4
    mov     r7, r4
    add     r12, r3, #1152
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    movs    r12, #24
2:
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    ldr     r9, [r0, #16]
    ldr     r6, [r1, #16]
    ldr     r5, [r2, #16]
    widen
    add     r0, r0, #32
    add     r1, r1, #32
    add     r2, r2, #32
    subs    r12, r12, #1
    bne     2b
    add     r3, r3, #48
3:
    ldm     sp, {r0, r1, r12}
    ldm     r12!, {r2-r9}
    str     r12, [sp, #8]
    add     r12, r0, #768
    str     r12, [sp, #28]
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
4:
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #56]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #96]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #192]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #240]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #248]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #288]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #296]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #336]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #344]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #384]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #392]
    smlad   r12, r10, r3, r12
    add     r0, r0, #384
    ldr     r11, [sp, #28]
    cmp     r0, r11
    bne     4b
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #56]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #96]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #192]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #240]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #248]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #288]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #296]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #336]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #16
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #344]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #384]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #16
    ldrd    r0, r1, [sp]
    ldr     r12, [sp, #32]
    adds    r0, r0, #12
    adds    r1, r1, #1
    strd    r0, r1, [sp]
    cmp     r0, r12
    bne     3b
    ldr     r12, [sp]
    sub     r12, r12, #48
    str     r12, [sp]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_16x48to24_2_0_s12_z128, .-limen_depthwise_16x48to24_2_0_s12_z128

/* void limen_expand_rows_4(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 16 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_4, "ax", %progbits
    .weak   limen_expand_rows_4
    .type   limen_expand_rows_4, %function
    .balign 4
limen_expand_rows_4:
    push    {r4-r11, lr}
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    add     lr, r4, r3
    .rept   2
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    .endr
    ldr     r4, [sp, #36]
    subs    r4, r4, #1
    str     r4, [sp, #36]
    bne     1b
    pop     {r4-r11, pc}
    .size limen_expand_rows_4, .-limen_expand_rows_4

/* void limen_quad_16_s12_x7_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 16 elements. */
    .section .text.limen_quad_16_s12_x7_wide, "ax", %progbits
    .weak   limen_quad_16_s12_x7_wide
    .type   limen_quad_16_s12_x7_wide, %function
    .balign 4
limen_quad_16_s12_x7_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #64
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   7
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
    .size limen_quad_16_s12_x7_wide, .-limen_quad_16_s12_x7_wide

/* void limen_depthwise_32x24to24_1_1_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 24 positions, four channels a group. */
    .section .text.limen_depthwise_32x24to24_1_1_s12_z128, "ax", %progbits
    .weak   limen_depthwise_32x24to24_1_1_s12_z128
    .type   limen_depthwise_32x24to24_1_1_s12_z128, %function
    .balign 4
limen_depthwise_32x24to24_1_1_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    add     r0, r0, #32
    add     r1, r1, #32
    add     r2, r2, #32
    movs    r12, #11
2:
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    ldr     r9, [r0, #32]
    ldr     r6, [r1, #32]
    ldr     r5, [r2, #32]
    widen
    add     r0, r0, #64
    add     r1, r1, #64
    add     r2, r2, #64
    subs    r12, r12, #1
    bne     2b
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
3:
    ldm     sp, {r0, r1, r12}
    ldm     r12!, {r2-r9}
    str     r12, [sp, #8]
    add     r12, r0, #384
    str     r12, [sp, #28]
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
4:
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #192]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    add     r0, r0, #192
    ldr     r11, [sp, #28]
    cmp     r0, r11
    bne     4b
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #192]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #200]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    ldrd    r0, r1, [sp]
    ldr     r12, [sp, #32]
    adds    r0, r0, #12
    adds    r1, r1, #1
    strd    r0, r1, [sp]
    cmp     r0, r12
    bne     3b
    ldr     r12, [sp]
    sub     r12, r12, #48
    str     r12, [sp]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_32x24to24_1_1_s12_z128, .-limen_depthwise_32x24to24_1_1_s12_z128

/* void limen_expand_rows_8(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b, int32_t count)
 * Widens 32 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
    .section .text.limen_expand_rows_8, "ax", %progbits
    .weak   limen_expand_rows_8
    .type   limen_expand_rows_8, %function
    .balign 4
limen_expand_rows_8:
    push    {r4-r11, lr}
1:
    ldr     r4, [r1], #4
    add     r12, r4, r2
    add     lr, r4, r3
    .rept   4
    ldrd    r6, r10, [r12], #8
    ldrd    r7, r11, [lr], #8
    expand_words
    .endr
    ldr     r4, [sp, #36]
    subs    r4, r4, #1
    str     r4, [sp, #36]
    bne     1b
    pop     {r4-r11, pc}
    .size limen_expand_rows_8, .-limen_expand_rows_8

/* void limen_quad_32_s12_x15_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 32 elements. */
    .section .text.limen_quad_32_s12_x15_wide, "ax", %progbits
    .weak   limen_quad_32_s12_x15_wide
    .type   limen_quad_32_s12_x15_wide, %function
    .balign 4
limen_quad_32_s12_x15_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #128
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   15
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
    .size limen_quad_32_s12_x15_wide, .-limen_quad_32_s12_x15_wide

/* void limen_depthwise_32x24to12_2_0_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 12 positions, four channels a group. */
    .section .text.limen_depthwise_32x24to12_2_0_s12_z128, "ax", %progbits
    .weak   limen_depthwise_32x24to12_2_0_s12_z128
    .type   limen_depthwise_32x24to12_2_0_s12_z128, %function
    .balign 4
limen_depthwise_32x24to12_2_0_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
    mov     r4, #0x80808080
    sxtb16  r4, r4
    mov     r5, r4
    mov     r6, r4
    mov     r7, r4
    add     r12, r3, #576
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    movs    r12, #12
2:
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    ldr     r9, [r0, #32]
    ldr     r6, [r1, #32]
    ldr     r5, [r2, #32]
    widen
    add     r0, r0, #64
    add     r1, r1, #64
    add     r2, r2, #64
    subs    r12, r12, #1
    bne     2b
    add     r3, r3, #48
3:
    ldm     sp, {r0, r1, r12}
    ldm     r12!, {r2-r9}
    str     r12, [sp, #8]
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #56]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #96]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #192]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #240]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #248]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #288]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #296]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #336]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #344]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #384]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #392]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #432]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #440]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #480]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #488]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #528]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #32
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #536]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #576]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #32
    ldrd    r0, r1, [sp]
    ldr     r12, [sp, #32]
    adds    r0, r0, #12
    adds    r1, r1, #1
    strd    r0, r1, [sp]
    cmp     r0, r12
    bne     3b
    ldr     r12, [sp]
    sub     r12, r12, #48
    str     r12, [sp]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_32x24to12_2_0_s12_z128, .-limen_depthwise_32x24to12_2_0_s12_z128

/* void limen_quad_32_s12_x5_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 32 elements. */
    .section .text.limen_quad_32_s12_x5_wide, "ax", %progbits
    .weak   limen_quad_32_s12_x5_wide
    .type   limen_quad_32_s12_x5_wide, %function
    .balign 4
limen_quad_32_s12_x5_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #128
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
2:
    .rept   5
    quad_wide
    .endr
    ldr     r10, [sp, #16]
    cmp     r0, r10
    bne     2b
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
    .size limen_quad_32_s12_x5_wide, .-limen_quad_32_s12_x5_wide

/* void limen_depthwise_64x12to12_1_1_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 12 positions, four channels a group. */
    .section .text.limen_depthwise_64x12to12_1_1_s12_z128, "ax", %progbits
    .weak   limen_depthwise_64x12to12_1_1_s12_z128
    .type   limen_depthwise_64x12to12_1_1_s12_z128, %function
    .balign 4
limen_depthwise_64x12to12_1_1_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    ldr     r7, [r0, #64]
    ldr     r4, [r1, #64]
    ldr     r8, [r2, #64]
    ldr     r9, [r0, #128]
    ldr     r6, [r1, #128]
    ldr     r5, [r2, #128]
    widen
    ldr     r7, [r0, #192]
    ldr     r4, [r1, #192]
    ldr     r8, [r2, #192]
    ldr     r9, [r0, #256]
    ldr     r6, [r1, #256]
    ldr     r5, [r2, #256]
    widen
    ldr     r7, [r0, #320]
    ldr     r4, [r1, #320]
    ldr     r8, [r2, #320]
    ldr     r9, [r0, #384]
    ldr     r6, [r1, #384]
    ldr     r5, [r2, #384]
    widen
    ldr     r7, [r0, #448]
    ldr     r4, [r1, #448]
    ldr     r8, [r2, #448]
    ldr     r9, [r0, #512]
    ldr     r6, [r1, #512]
    ldr     r5, [r2, #512]
    widen
    ldr     r7, [r0, #576]
    ldr     r4, [r1, #576]
    ldr     r8, [r2, #576]
    ldr     r9, [r0, #640]
    ldr     r6, [r1, #640]
    ldr     r5, [r2, #640]
    widen
    ldr     r7, [r0, #704]
    ldr     r4, [r1, #704]
    ldr     r8, [r2, #704]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
3:
    ldm     sp, {r0, r1, r12}
    ldm     r12!, {r2-r9}
    str     r12, [sp, #8]
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #192]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #240]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #248]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #288]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1], #64
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #296]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1], #64
    ldrd    r0, r1, [sp]
    ldr     r12, [sp, #32]
    adds    r0, r0, #12
    adds    r1, r1, #1
    strd    r0, r1, [sp]
    cmp     r0, r12
    bne     3b
    ldr     r12, [sp]
    sub     r12, r12, #48
    str     r12, [sp]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_64x12to12_1_1_s12_z128, .-limen_depthwise_64x12to12_1_1_s12_z128

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

/* void limen_quad_64_s12_x31(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 64 elements. */
    .section .text.limen_quad_64_s12_x31, "ax", %progbits
    .weak   limen_quad_64_s12_x31
    .type   limen_quad_64_s12_x31, %function
    .balign 4
limen_quad_64_s12_x31:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #256
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_first
    .rept   31
    quad_step
    .endr
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
    .size limen_quad_64_s12_x31, .-limen_quad_64_s12_x31

/* void limen_depthwise_60x12to6_2_0_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
    .section .text.limen_depthwise_60x12to6_2_0_s12_z128, "ax", %progbits
    .weak   limen_depthwise_60x12to6_2_0_s12_z128
    .type   limen_depthwise_60x12to6_2_0_s12_z128, %function
    .balign 4
limen_depthwise_60x12to6_2_0_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
    mov     r4, #0x80808080
    sxtb16  r4, r4
    mov     r5, r4
    mov     r6, r4
    mov     r7, r4
    add     r12, r3, #288
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    ldr     r7, [r0, #0]
    ldr     r4, [r1, #0]
    ldr     r8, [r2, #0]
    ldr     r9, [r0, #60]
    ldr     r6, [r1, #60]
    ldr     r5, [r2, #60]
    widen
    ldr     r7, [r0, #120]
    ldr     r4, [r1, #120]
    ldr     r8, [r2, #120]
    ldr     r9, [r0, #180]
    ldr     r6, [r1, #180]
    ldr     r5, [r2, #180]
    widen
    ldr     r7, [r0, #240]
    ldr     r4, [r1, #240]
    ldr     r8, [r2, #240]
    ldr     r9, [r0, #300]
    ldr     r6, [r1, #300]
    ldr     r5, [r2, #300]
    widen
    ldr     r7, [r0, #360]
    ldr     r4, [r1, #360]
    ldr     r8, [r2, #360]
    ldr     r9, [r0, #420]
    ldr     r6, [r1, #420]
    ldr     r5, [r2, #420]
    widen
    ldr     r7, [r0, #480]
    ldr     r4, [r1, #480]
    ldr     r8, [r2, #480]
    ldr     r9, [r0, #540]
    ldr     r6, [r1, #540]
    ldr     r5, [r2, #540]
    widen
    ldr     r7, [r0, #600]
    ldr     r4, [r1, #600]
    ldr     r8, [r2, #600]
    ldr     r9, [r0, #660]
    ldr     r6, [r1, #660]
    ldr     r5, [r2, #660]
    widen
    add     r3, r3, #48
    ldm     sp, {r0, r1, r12}
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #0]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #56]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #96]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #60]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #120]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #192]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #180]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #200]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #240]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #240]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #248]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #288]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #300]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #32
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #12]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #20]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #60]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #1]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #68]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #108]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #61]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #121]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #164]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #204]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #181]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #212]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #252]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #241]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #260]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #300]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #301]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #64
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #24]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #32]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #72]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #2]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #80]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #120]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #62]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #122]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #176]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #216]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #182]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #224]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #264]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #242]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #272]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #312]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #302]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #96
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #36]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #44]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #84]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #3]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #92]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #132]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #63]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #123]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #188]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #228]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #183]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #236]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #276]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #243]
    smlad   lr, r10, r2, r7
    smlad   lr, r11, r5, lr
    ldr     r10, [r0, #284]
    smlad   lr, r10, r3, lr
    ldrd    r10, r11, [r0, #324]
    smlad   lr, r10, r4, lr
    smlabt  lr, r11, r6, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #303]
    ldrd    r1, r12, [sp, #4]
    adds    r1, r1, #4
    add     r12, r12, #128
    strd    r1, r12, [sp, #4]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_60x12to6_2_0_s12_z128, .-limen_depthwise_60x12to6_2_0_s12_z128

/* void limen_quad_60_s12_x7(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 60 elements. */
    .section .text.limen_quad_60_s12_x7, "ax", %progbits
    .weak   limen_quad_60_s12_x7
    .type   limen_quad_60_s12_x7, %function
    .balign 4
limen_quad_60_s12_x7:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #240
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_first
    quad_step
2:
    .rept   7
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
    .size limen_quad_60_s12_x7, .-limen_quad_60_s12_x7

/* void limen_depthwise_108x6to6_1_1_s8_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
    .section .text.limen_depthwise_108x6to6_1_1_s8_z128, "ax", %progbits
    .weak   limen_depthwise_108x6to6_1_1_s8_z128
    .type   limen_depthwise_108x6to6_1_1_s8_z128, %function
    .balign 4
limen_depthwise_108x6to6_1_1_s8_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    ldr     r7, [r0, #108]
    ldr     r4, [r1, #108]
    ldr     r8, [r2, #108]
    ldr     r9, [r0, #216]
    ldr     r6, [r1, #216]
    ldr     r5, [r2, #216]
    widen
    ldr     r7, [r0, #324]
    ldr     r4, [r1, #324]
    ldr     r8, [r2, #324]
    ldr     r9, [r0, #432]
    ldr     r6, [r1, #432]
    ldr     r5, [r2, #432]
    widen
    ldr     r7, [r0, #540]
    ldr     r4, [r1, #540]
    ldr     r8, [r2, #540]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
    ldm     sp, {r0, r1, r12}
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #0]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #108]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #216]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #324]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #432]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #540]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #32
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #12]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #20]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #60]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #1]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #68]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #109]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #108]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #217]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #325]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #433]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #164]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #541]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #64
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #24]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #32]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #72]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #2]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #80]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #110]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #120]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #218]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #326]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #434]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #176]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #542]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #96
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #36]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #44]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #84]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #3]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #92]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #111]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #132]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #219]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #327]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #8
    strb    r12, [r1, #435]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #188]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #8
    strb    lr, [r1, #543]
    ldrd    r1, r12, [sp, #4]
    adds    r1, r1, #4
    add     r12, r12, #128
    strd    r1, r12, [sp, #4]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_108x6to6_1_1_s8_z128, .-limen_depthwise_108x6to6_1_1_s8_z128

/* void limen_quad_108_s12_x4(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 108 elements. */
    .section .text.limen_quad_108_s12_x4, "ax", %progbits
    .weak   limen_quad_108_s12_x4
    .type   limen_quad_108_s12_x4, %function
    .balign 4
limen_quad_108_s12_x4:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #432
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_first
    quad_step
2:
    .rept   4
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
    .size limen_quad_108_s12_x4, .-limen_quad_108_s12_x4

/* void limen_depthwise_60x6to6_1_1_s11_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
    .section .text.limen_depthwise_60x6to6_1_1_s11_z128, "ax", %progbits
    .weak   limen_depthwise_60x6to6_1_1_s11_z128
    .type   limen_depthwise_60x6to6_1_1_s11_z128, %function
    .balign 4
limen_depthwise_60x6to6_1_1_s11_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    ldr     r7, [r0, #60]
    ldr     r4, [r1, #60]
    ldr     r8, [r2, #60]
    ldr     r9, [r0, #120]
    ldr     r6, [r1, #120]
    ldr     r5, [r2, #120]
    widen
    ldr     r7, [r0, #180]
    ldr     r4, [r1, #180]
    ldr     r8, [r2, #180]
    ldr     r9, [r0, #240]
    ldr     r6, [r1, #240]
    ldr     r5, [r2, #240]
    widen
    ldr     r7, [r0, #300]
    ldr     r4, [r1, #300]
    ldr     r8, [r2, #300]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
    ldm     sp, {r0, r1, r12}
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #0]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #60]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #120]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #180]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #240]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #300]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #32
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #12]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #20]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #60]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #1]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #68]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #61]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #108]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #121]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #181]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #241]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #164]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #301]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #64
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #24]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #32]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #72]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #2]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #80]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #62]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #120]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #122]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #182]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #242]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #176]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #302]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #96
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #36]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #44]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #84]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #3]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #92]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #63]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #132]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #123]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #183]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #243]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #188]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #303]
    ldrd    r1, r12, [sp, #4]
    adds    r1, r1, #4
    add     r12, r12, #128
    strd    r1, r12, [sp, #4]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_60x6to6_1_1_s11_z128, .-limen_depthwise_60x6to6_1_1_s11_z128

/* void limen_quad_60_s12_x7_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 60 elements. */
    .section .text.limen_quad_60_s12_x7_wide, "ax", %progbits
    .weak   limen_quad_60_s12_x7_wide
    .type   limen_quad_60_s12_x7_wide, %function
    .balign 4
limen_quad_60_s12_x7_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #240
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    quad_wide
2:
    .rept   7
    quad_wide
    .endr
    ldr     r10, [sp, #16]
    cmp     r0, r10
    bne     2b
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
    .size limen_quad_60_s12_x7_wide, .-limen_quad_60_s12_x7_wide

/* void limen_depthwise_32x6to6_1_1_s11_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
    .section .text.limen_depthwise_32x6to6_1_1_s11_z128, "ax", %progbits
    .weak   limen_depthwise_32x6to6_1_1_s11_z128
    .type   limen_depthwise_32x6to6_1_1_s11_z128, %function
    .balign 4
limen_depthwise_32x6to6_1_1_s11_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    ldr     r7, [r0, #32]
    ldr     r4, [r1, #32]
    ldr     r8, [r2, #32]
    ldr     r9, [r0, #64]
    ldr     r6, [r1, #64]
    ldr     r5, [r2, #64]
    widen
    ldr     r7, [r0, #96]
    ldr     r4, [r1, #96]
    ldr     r8, [r2, #96]
    ldr     r9, [r0, #128]
    ldr     r6, [r1, #128]
    ldr     r5, [r2, #128]
    widen
    ldr     r7, [r0, #160]
    ldr     r4, [r1, #160]
    ldr     r8, [r2, #160]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
    ldm     sp, {r0, r1, r12}
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #0]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #32]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #64]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #96]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #128]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #160]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #32
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #12]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #20]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #60]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #1]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #68]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #33]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #108]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #65]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #97]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #129]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #164]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #161]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #64
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #24]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #32]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #72]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #2]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #80]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #34]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #120]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #66]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #98]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #130]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #176]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #162]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #96
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #36]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #44]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #84]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #3]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #92]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #35]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #132]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #67]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #99]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #11
    strb    r12, [r1, #131]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #188]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #11
    strb    lr, [r1, #163]
    ldrd    r1, r12, [sp, #4]
    adds    r1, r1, #4
    add     r12, r12, #128
    strd    r1, r12, [sp, #4]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_32x6to6_1_1_s11_z128, .-limen_depthwise_32x6to6_1_1_s11_z128

/* void limen_depthwise_20x6to6_1_1_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
    .section .text.limen_depthwise_20x6to6_1_1_s12_z128, "ax", %progbits
    .weak   limen_depthwise_20x6to6_1_1_s12_z128
    .type   limen_depthwise_20x6to6_1_1_s12_z128, %function
    .balign 4
limen_depthwise_20x6to6_1_1_s12_z128:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    sub     sp, sp, #36
    add     r4, r3, #48
    str     r3, [sp]
    str     r4, [sp, #32]
    strd    r2, r1, [sp, #4]
    ldm     r0, {r4-r6}
    strd    r4, r5, [sp, #12]
    strd    r6, r12, [sp, #20]
1:
    ldrd    r0, r1, [sp, #12]
    ldr     r2, [sp, #20]
    ldr     r3, [sp]
    mov     r7, #0x80808080
    mov     r4, #0x80808080
    mov     r8, #0x80808080
    ldr     r9, [r0, #0]
    ldr     r6, [r1, #0]
    ldr     r5, [r2, #0]
    widen
    ldr     r7, [r0, #20]
    ldr     r4, [r1, #20]
    ldr     r8, [r2, #20]
    ldr     r9, [r0, #40]
    ldr     r6, [r1, #40]
    ldr     r5, [r2, #40]
    widen
    ldr     r7, [r0, #60]
    ldr     r4, [r1, #60]
    ldr     r8, [r2, #60]
    ldr     r9, [r0, #80]
    ldr     r6, [r1, #80]
    ldr     r5, [r2, #80]
    widen
    ldr     r7, [r0, #100]
    ldr     r4, [r1, #100]
    ldr     r8, [r2, #100]
    mov     r9, #0x80808080
    mov     r6, #0x80808080
    mov     r5, #0x80808080
    widen
    ldm     sp, {r0, r1, r12}
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #0]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #8]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #48]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #0]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #56]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #20]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #40]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #60]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #80]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #152]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #100]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #32
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #12]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #20]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #60]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #1]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #68]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #21]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #108]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #41]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #61]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #81]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #164]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #101]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #64
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #24]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #32]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #72]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #2]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #80]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #22]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #120]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #42]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #62]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #82]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #176]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #102]
    ldm     sp, {r0, r1, r12}
    add     r12, r12, #96
    ldm     r12, {r2-r9}
    ldrd    r10, r11, [r0, #36]
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #44]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #84]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #3]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #92]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #23]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #132]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #43]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #63]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #83]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    ldr     r10, [r0, #188]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #103]
    ldrd    r1, r12, [sp, #4]
    adds    r1, r1, #4
    add     r12, r12, #128
    strd    r1, r12, [sp, #4]
    ldrd    r0, r1, [sp, #12]
    ldrd    r2, r3, [sp, #20]
    adds    r0, r0, #4
    adds    r1, r1, #4
    adds    r2, r2, #4
    subs    r3, r3, #1
    strd    r0, r1, [sp, #12]
    strd    r2, r3, [sp, #20]
    bne     1b
    add     sp, sp, #36
    pop     {r4-r11, pc}
    .size limen_depthwise_20x6to6_1_1_s12_z128, .-limen_depthwise_20x6to6_1_1_s12_z128

/* void limen_quad_20_s12_x9_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 20 elements. */
    .section .text.limen_quad_20_s12_x9_wide, "ax", %progbits
    .weak   limen_quad_20_s12_x9_wide
    .type   limen_quad_20_s12_x9_wide, %function
    .balign 4
limen_quad_20_s12_x9_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #80
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   9
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
    .size limen_quad_20_s12_x9_wide, .-limen_quad_20_s12_x9_wide

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

/* void limen_taps_10_s0(const int8_t *const *taps, const void *stream, int32_t first, int32_t end, int8_t *out)
 * One position of a depthwise convolution of 10 taps, channels [first, end) in fours. */
    .section .text.limen_taps_10_s0, "ax", %progbits
    .weak   limen_taps_10_s0
    .type   limen_taps_10_s0, %function
    .balign 4
limen_taps_10_s0:
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
    smmla   r3, r3, r7, r8
    asr     r3, r3, r9
    ldm     r1!, {r7-r9}
    smmla   r4, r4, r7, r8
    asr     r4, r4, r9
    ldm     r1!, {r7-r9}
    smmla   r5, r5, r7, r8
    asr     r5, r5, r9
    ldm     r1!, {r7-r9}
    smmla   r6, r6, r7, r8
    asr     r6, r6, r9
    ldm     sp, {r7, r8, r9}
    mov     r0, r8
    add     r7, r7, r2
    ssat    r3, #8, r3
    ssat    r4, #8, r4
    ssat    r5, #8, r5
    ssat    r6, #8, r6
    strb    r3, [r7, #0]
    strb    r4, [r7, #1]
    strb    r5, [r7, #2]
    strb    r6, [r7, #3]
    adds    r2, r2, #4
    cmp     r2, r9
    bne     1b
    add     sp, sp, #16
    pop     {r4-r11, pc}
    .size limen_taps_10_s0, .-limen_taps_10_s0

/* void limen_quad_16_s13_x7_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 16 elements. */
    .section .text.limen_quad_16_s13_x7_wide, "ax", %progbits
    .weak   limen_quad_16_s13_x7_wide
    .type   limen_quad_16_s13_x7_wide, %function
    .balign 4
limen_quad_16_s13_x7_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #64
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    .rept   7
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
    ssat    r2, #8, r2, asr #13
    ssat    r3, #8, r3, asr #13
    ssat    r4, #8, r4, asr #13
    ssat    r5, #8, r5, asr #13
    ssat    r6, #8, r6, asr #13
    ssat    r7, #8, r7, asr #13
    ssat    r8, #8, r8, asr #13
    ssat    r9, #8, r9, asr #13
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
    .size limen_quad_16_s13_x7_wide, .-limen_quad_16_s13_x7_wide

/* void limen_quad_28_s14_x6_wide(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 28 elements. */
    .section .text.limen_quad_28_s14_x6_wide, "ax", %progbits
    .weak   limen_quad_28_s14_x6_wide
    .type   limen_quad_28_s14_x6_wide, %function
    .balign 4
limen_quad_28_s14_x6_wide:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #112
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_wide_first
    quad_wide
2:
    .rept   6
    quad_wide
    .endr
    ldr     r10, [sp, #16]
    cmp     r0, r10
    bne     2b
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
    ssat    r2, #8, r2, asr #14
    ssat    r3, #8, r3, asr #14
    ssat    r4, #8, r4, asr #14
    ssat    r5, #8, r5, asr #14
    ssat    r6, #8, r6, asr #14
    ssat    r7, #8, r7, asr #14
    ssat    r8, #8, r8, asr #14
    ssat    r9, #8, r9, asr #14
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
    .size limen_quad_28_s14_x6_wide, .-limen_quad_28_s14_x6_wide

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

/* void limen_quad_28_s14_wide_one(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)
 * One position by four output channels a pass, sums of 28 elements. */
    .section .text.limen_quad_28_s14_wide_one, "ax", %progbits
    .weak   limen_quad_28_s14_wide_one
    .type   limen_quad_28_s14_wide_one, %function
    .balign 4
limen_quad_28_s14_wide_one:
    push    {r4-r11, lr}
    add     lr, r0, #112
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r2-r5}
    quad_wide_one
2:
    .rept   3
    quad_wide_one
    .endr
    ldr     r6, [sp, #16]
    cmp     r0, r6
    bne     2b
    ldm     r1!, {r6, r7}
    smmla   r2, r2, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r3, r3, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r4, r4, r6, r7
    ldm     r1!, {r6, r7}
    smmla   r5, r5, r6, r7
    ldm     sp, {r0, r6, r7}
    ssat    r2, #8, r2, asr #14
    ssat    r3, #8, r3, asr #14
    ssat    r4, #8, r4, asr #14
    ssat    r5, #8, r5, asr #14
    strb    r2, [r6], #1
    strb    r3, [r6], #1
    strb    r4, [r6], #1
    strb    r5, [r6], #1
    str     r6, [sp, #4]
    cmp     r6, r7
    bne     1b
    add     sp, sp, #20
    pop     {r4-r11, pc}
    .size limen_quad_28_s14_wide_one, .-limen_quad_28_s14_wide_one

/* void limen_quad_32_s12_wide_one(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)
 * One position by four output channels a pass, sums of 32 elements. */
    .section .text.limen_quad_32_s12_wide_one, "ax", %progbits
    .weak   limen_quad_32_s12_wide_one
    .type   limen_quad_32_s12_wide_one, %function
    .balign 4
limen_quad_32_s12_wide_one:
    push    {r4-r11, lr}
    add     lr, r0, #128
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r2-r5}
2:
    .rept   4
    quad_wide_one
    .endr
    ldr     r6, [sp, #16]
    cmp     r0, r6
    bne     2b
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
    .size limen_quad_32_s12_wide_one, .-limen_quad_32_s12_wide_one

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

/* void limen_product_24_s12_uniform_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 24 elements of int16. */
    .section .text.limen_product_24_s12_uniform_x4, "ax", %progbits
    .weak   limen_product_24_s12_uniform_x4
    .type   limen_product_24_s12_uniform_x4, %function
    .balign 4
limen_product_24_s12_uniform_x4:
    push    {r4-r11, lr}
    add     r12, r0, #48
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
    .rept   3
    product_wide
    .endr
    sub     r4, r4, r2
    sub     r5, r5, r3
    lsl     r2, r2, #8
    lsl     r3, r3, #8
    ldrd    r6, r7, [sp, #16]
    smmla   r2, r2, r6, r7
    smmla   r3, r3, r6, r7
    smmla   r4, r4, r6, r7
    smmla   r5, r5, r6, r7
    ssat    r2, #8, r2, asr #12
    ssat    r3, #8, r3, asr #12
    ssat    r4, #8, r4, asr #12
    ssat    r5, #8, r5, asr #12
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
    .size limen_product_24_s12_uniform_x4, .-limen_product_24_s12_uniform_x4
