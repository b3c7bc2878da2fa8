/* kws_dscnn_int8_kernels.S: inner loops of kws_dscnn_int8.c for cortex-m4. */
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

/* void limen_expand_bytes_10x4(uint32_t *to, const int8_t *const *rows, int32_t a, int32_t b)
 * Widens 4 elements of each of 10 rows for two positions into int16 pairs, odd ends last. */
    .section .text.limen_expand_bytes_10x4, "ax", %progbits
    .weak   limen_expand_bytes_10x4
    .type   limen_expand_bytes_10x4, %function
    .balign 4
limen_expand_bytes_10x4:
    push    {r4-r11}
    mov     r8, r1
    movs    r12, #10
1:
    ldr     r10, [r8], #4
    add     r9, r10, r2
    add     r10, r10, r3
    ldr     r6, [r9], #4
    ldr     r7, [r10], #4
    expand_word
    subs    r12, r12, #1
    bne     1b
    pop     {r4-r11}
    bx      lr
    .size limen_expand_bytes_10x4, .-limen_expand_bytes_10x4

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

/* void limen_quad_40_s12_x9(const uint32_t *columns, const void *stream, int8_t *a, int8_t *b, const int8_t *end_of_a)
 * Two positions by four output channels a pass, sums of 40 elements. */
    .section .text.limen_quad_40_s12_x9, "ax", %progbits
    .weak   limen_quad_40_s12_x9
    .type   limen_quad_40_s12_x9, %function
    .balign 4
limen_quad_40_s12_x9:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    add     lr, r0, #160
    push    {r0, r2, r3, r12, lr}
1:
    ldm     r1!, {r3, r5, r7, r9}
    quad_first
    quad_step
2:
    .rept   9
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
    .size limen_quad_40_s12_x9, .-limen_quad_40_s12_x9

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

/* void limen_quad_40_s12_one(const uint32_t *columns, const void *stream, int8_t *out, const int8_t *end)
 * One position by four output channels a pass, sums of 40 elements. */
    .section .text.limen_quad_40_s12_one, "ax", %progbits
    .weak   limen_quad_40_s12_one
    .type   limen_quad_40_s12_one, %function
    .balign 4
limen_quad_40_s12_one:
    push    {r4-r11, lr}
    add     lr, r0, #160
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
    .size limen_quad_40_s12_one, .-limen_quad_40_s12_one

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

/* void limen_depthwise_64x5to5_1_1_s12_z128(const int8_t *const *rows, const void *stream, int8_t *out, void *scratch,
 *     int32_t groups)
 * A row of a 3x3 depthwise convolution, 5 positions, four channels a group. */
    .section .text.limen_depthwise_64x5to5_1_1_s12_z128, "ax", %progbits
    .weak   limen_depthwise_64x5to5_1_1_s12_z128
    .type   limen_depthwise_64x5to5_1_1_s12_z128, %function
    .balign 4
limen_depthwise_64x5to5_1_1_s12_z128:
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
    add     r12, r3, #144
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
    stm     r12!, {r4-r7}
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
    add     r3, r3, #48
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
    strb    lr, [r1, #64]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #96]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #128]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #104]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #192]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #144]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #256]
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
    strb    lr, [r1, #65]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #108]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #129]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #116]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #193]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #156]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #257]
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
    strb    lr, [r1, #66]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #120]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #130]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #128]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #194]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #168]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #258]
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
    strb    lr, [r1, #67]
    smlad   r12, r10, r3, r12
    smlad   lr, r10, r2, r7
    smlatb  lr, r11, r5, lr
    ldrd    r10, r11, [r0, #132]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #131]
    smlad   lr, r10, r3, lr
    smlad   lr, r11, r6, lr
    smlad   r12, r10, r2, r7
    smlad   r12, r11, r5, r12
    ldr     r10, [r0, #140]
    smlad   lr, r10, r4, lr
    smmla   lr, lr, r8, r9
    ssat    lr, #8, lr, asr #12
    strb    lr, [r1, #195]
    smlad   r12, r10, r3, r12
    ldrd    r10, r11, [r0, #180]
    smlad   r12, r10, r4, r12
    smlabt  r12, r11, r6, r12
    smmla   r12, r12, r8, r9
    ssat    r12, #8, r12, asr #12
    strb    r12, [r1, #259]
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
    .size limen_depthwise_64x5to5_1_1_s12_z128, .-limen_depthwise_64x5to5_1_1_s12_z128

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

/* void limen_product_64_s12_uniform_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 64 elements of int16. */
    .section .text.limen_product_64_s12_uniform_x4, "ax", %progbits
    .weak   limen_product_64_s12_uniform_x4
    .type   limen_product_64_s12_uniform_x4, %function
    .balign 4
limen_product_64_s12_uniform_x4:
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
    .size limen_product_64_s12_uniform_x4, .-limen_product_64_s12_uniform_x4
