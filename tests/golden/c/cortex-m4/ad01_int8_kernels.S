/* ad01_int8_kernels.S: inner loops of ad01_int8.c for cortex-m4. */
    .syntax unified
    .thumb
    .text

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

/* void limen_product_640_s12_uniform_x20_narrow(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 640 elements of int8. */
    .section .text.limen_product_640_s12_uniform_x20_narrow, "ax", %progbits
    .weak   limen_product_640_s12_uniform_x20_narrow
    .type   limen_product_640_s12_uniform_x20_narrow, %function
    .balign 4
limen_product_640_s12_uniform_x20_narrow:
    push    {r4-r11, lr}
    add     r12, r0, #640
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
2:
    .rept   20
    product_narrow
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
    .size limen_product_640_s12_uniform_x20_narrow, .-limen_product_640_s12_uniform_x20_narrow

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

/* void limen_product_128_s12_uniform_x20(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 128 elements of int16. */
    .section .text.limen_product_128_s12_uniform_x20, "ax", %progbits
    .weak   limen_product_128_s12_uniform_x20
    .type   limen_product_128_s12_uniform_x20, %function
    .balign 4
limen_product_128_s12_uniform_x20:
    push    {r4-r11, lr}
    add     r12, r0, #256
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
    .rept   16
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
    .size limen_product_128_s12_uniform_x20, .-limen_product_128_s12_uniform_x20

/* void limen_product_128_s8_uniform_x20(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 128 elements of int16. */
    .section .text.limen_product_128_s8_uniform_x20, "ax", %progbits
    .weak   limen_product_128_s8_uniform_x20
    .type   limen_product_128_s8_uniform_x20, %function
    .balign 4
limen_product_128_s8_uniform_x20:
    push    {r4-r11, lr}
    add     r12, r0, #256
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
    .rept   16
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
    ssat    r2, #8, r2, asr #8
    ssat    r3, #8, r3, asr #8
    ssat    r4, #8, r4, asr #8
    ssat    r5, #8, r5, asr #8
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
    .size limen_product_128_s8_uniform_x20, .-limen_product_128_s8_uniform_x20

/* void limen_product_128_s12_uniform_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 128 elements of int16. */
    .section .text.limen_product_128_s12_uniform_x4, "ax", %progbits
    .weak   limen_product_128_s12_uniform_x4
    .type   limen_product_128_s12_uniform_x4, %function
    .balign 4
limen_product_128_s12_uniform_x4:
    push    {r4-r11, lr}
    add     r12, r0, #256
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
    .size limen_product_128_s12_uniform_x4, .-limen_product_128_s12_uniform_x4

/* void limen_product_8_s12_uniform_x4(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 8 elements of int16. */
    .section .text.limen_product_8_s12_uniform_x4, "ax", %progbits
    .weak   limen_product_8_s12_uniform_x4
    .type   limen_product_8_s12_uniform_x4, %function
    .balign 4
limen_product_8_s12_uniform_x4:
    push    {r4-r11, lr}
    add     r12, r0, #16
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
    product_wide
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
    .size limen_product_8_s12_uniform_x4, .-limen_product_8_s12_uniform_x4

/* void limen_product_128_s16_uniform_x20(const void *x, const void *stream, int8_t *out, const int8_t *end)
 * Four outputs a pass, sums of 128 elements of int16. */
    .section .text.limen_product_128_s16_uniform_x20, "ax", %progbits
    .weak   limen_product_128_s16_uniform_x20
    .type   limen_product_128_s16_uniform_x20, %function
    .balign 4
limen_product_128_s16_uniform_x20:
    push    {r4-r11, lr}
    add     r12, r0, #256
    ldm     r1!, {r4, r5}
    push    {r4, r5}
    push    {r0, r2, r3, r12}
1:
    ldm     r1!, {r2-r5}
    .rept   16
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
    .size limen_product_128_s16_uniform_x20, .-limen_product_128_s16_uniform_x20
