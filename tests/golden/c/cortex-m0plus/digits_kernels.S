/* digits_kernels.S: inner loops of digits.c for cortex-m0plus. */
    .syntax unified
    .thumb
    .text

/* void limen_m0_tile4(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters)
 * 4 positions of all output channels, one channel at a time.
 * patch: for each weight of a channel, its input code at the positions, two to a word;
 * stream: for each channel: where the sums of odd and even positions start, multiplier, bytes of groups and
 * shift (16 bits each); then the groups: 14 less its size, and its weights;
 * parameters: bytes between positions of y, lowest and highest code, 2 * zero point + 1, channels. */
    .weak limen_m0_tile4
    .balign 4
    .thumb_func
    .type limen_m0_tile4, %function
limen_m0_tile4:
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #44
    str r0, [sp, #20]
    str r2, [sp, #24]
    ldr r4, [r3, #4]
    str r4, [sp, #0]
    ldr r4, [r3, #8]
    str r4, [sp, #4]
    ldr r4, [r3, #12]
    str r4, [sp, #12]
    ldr r4, [r3, #0]
    str r4, [sp, #16]
    ldr r4, [r3, #16]
    str r4, [sp, #28]
    movs r4, #1
    lsls r4, r4, #20
    subs r4, #1
    str r4, [sp, #8]
.Llimen_m0_tile4_channel:
    ldmia r1!, {r2-r5}
    mov r8, r2
    mov r10, r3
    mov r9, r2
    mov r11, r3
    str r4, [sp, #32]
    lsrs r6, r5, #16
    str r6, [sp, #36]
    uxth r5, r5
    adds r5, r5, r1
    mov r12, r5
    ldr r0, [sp, #20]
    movs r4, #128
    lsls r4, r4, #8
    mov lr, r4
    movs r7, #0
    cmp r1, r12
    beq .Llimen_m0_tile4_done
.Llimen_m0_tile4_group:
    ldrb r2, [r1]
    adds r1, #1
    movs r3, #14
    muls r2, r3
    mov r5, lr
    mov r6, lr
    add pc, r2
    nop
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    asrs r2, r5, #16
    add r10, r5
    add r8, r2
    asrs r2, r6, #16
    add r11, r6
    add r9, r2
    cmp r1, r12
    bne .Llimen_m0_tile4_group
.Llimen_m0_tile4_done:
    adds r1, #3
    lsrs r1, r1, #2
    lsls r1, r1, #2
    str r1, [sp, #40]
    ldr r7, [sp, #32]
    lsls r4, r7, #22
    lsrs r4, r4, #22
    lsls r5, r7, #12
    lsrs r5, r5, #22
    lsrs r6, r7, #20
    ldr r3, [sp, #36]
    ldr r7, [sp, #12]
    lsls r7, r3
    adds r7, #1
    mov r12, r7
    adds r3, #1
    ldr r7, [sp, #16]
    mov lr, r7
    ldr r2, [sp, #24]
    adds r0, r2, #1
    str r0, [sp, #24]
    mov r0, r10
    mov r1, r8
    lsls r1, r1, #16
    subs r0, r0, r1
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r8
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r11
    mov r1, r9
    lsls r1, r1, #16
    subs r0, r0, r1
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r9
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    ldr r1, [sp, #40]
    ldr r3, [sp, #28]
    subs r3, #1
    str r3, [sp, #28]
    beq .Llimen_m0_tile4_leave
    b .Llimen_m0_tile4_channel
.Llimen_m0_tile4_leave:
    add sp, #44
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}
    .size limen_m0_tile4, . - limen_m0_tile4

/* void limen_m0_tile4w(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters)
 * 4 positions of all output channels, one channel at a time.
 * patch: for each weight of a channel, its input code at the positions, two to a word;
 * stream: for each channel: where the sums of odd and even positions start, multiplier, bytes of groups and
 * shift (16 bits each); then the groups: 14 less its size, and its weights;
 * parameters: bytes between positions of y, lowest and highest code, 2 * zero point + 1, channels. */
    .weak limen_m0_tile4w
    .balign 4
    .thumb_func
    .type limen_m0_tile4w, %function
limen_m0_tile4w:
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #44
    str r0, [sp, #20]
    str r2, [sp, #24]
    ldr r4, [r3, #4]
    str r4, [sp, #0]
    ldr r4, [r3, #8]
    str r4, [sp, #4]
    ldr r4, [r3, #12]
    str r4, [sp, #12]
    ldr r4, [r3, #0]
    str r4, [sp, #16]
    ldr r4, [r3, #16]
    str r4, [sp, #28]
    movs r4, #1
    lsls r4, r4, #20
    subs r4, #1
    str r4, [sp, #8]
.Llimen_m0_tile4w_channel:
    ldmia r1!, {r2-r5}
    mov r8, r2
    mov r10, r3
    mov r9, r2
    mov r11, r3
    str r4, [sp, #32]
    lsrs r6, r5, #16
    str r6, [sp, #36]
    uxth r5, r5
    adds r5, r5, r1
    mov r12, r5
    ldr r0, [sp, #20]
    movs r4, #128
    lsls r4, r4, #8
    mov lr, r4
    movs r7, #0
    cmp r1, r12
    beq .Llimen_m0_tile4w_done
.Llimen_m0_tile4w_group:
    ldrb r2, [r1]
    adds r1, #1
    movs r3, #14
    muls r2, r3
    mov r5, lr
    mov r6, lr
    add pc, r2
    nop
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    ldmia r0!, {r3, r4}
    ldrsb r2, [r1, r7]
    adds r1, #1
    muls r3, r2
    adds r5, r5, r3
    muls r4, r2
    adds r6, r6, r4
    asrs r2, r5, #16
    add r10, r5
    add r8, r2
    asrs r2, r6, #16
    add r11, r6
    add r9, r2
    cmp r1, r12
    bne .Llimen_m0_tile4w_group
.Llimen_m0_tile4w_done:
    adds r1, #3
    lsrs r1, r1, #2
    lsls r1, r1, #2
    str r1, [sp, #40]
    ldr r7, [sp, #32]
    lsls r4, r7, #22
    lsrs r4, r4, #22
    lsls r5, r7, #12
    lsrs r5, r5, #22
    lsrs r6, r7, #20
    ldr r3, [sp, #36]
    ldr r7, [sp, #12]
    lsls r7, r3
    adds r7, #1
    mov r12, r7
    adds r3, #1
    ldr r7, [sp, #16]
    mov lr, r7
    ldr r2, [sp, #24]
    adds r0, r2, #1
    str r0, [sp, #24]
    mov r0, r10
    mov r1, r8
    lsls r1, r1, #16
    subs r0, r0, r1
    ldr r1, [sp, #8]
    cmp r0, r1
    ble 1f
    mov r0, r1
1:
    rsbs r1, r1, #0
    cmp r0, r1
    bge 2f
    mov r0, r1
2:
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r8
    ldr r1, [sp, #8]
    cmp r0, r1
    ble 1f
    mov r0, r1
1:
    rsbs r1, r1, #0
    cmp r0, r1
    bge 2f
    mov r0, r1
2:
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r11
    mov r1, r9
    lsls r1, r1, #16
    subs r0, r0, r1
    ldr r1, [sp, #8]
    cmp r0, r1
    ble 1f
    mov r0, r1
1:
    rsbs r1, r1, #0
    cmp r0, r1
    bge 2f
    mov r0, r1
2:
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    mov r0, r9
    ldr r1, [sp, #8]
    cmp r0, r1
    ble 1f
    mov r0, r1
1:
    rsbs r1, r1, #0
    cmp r0, r1
    bge 2f
    mov r0, r1
2:
    movs r1, r0
    muls r1, r4
    movs r7, r0
    muls r7, r5
    asrs r1, r1, #10
    adds r1, r1, r7
    muls r0, r6
    asrs r1, r1, #10
    adds r0, r0, r1
    asrs r0, r0, #10
    add r0, r12
    asrs r0, r3
    ldr r1, [sp, #0]
    cmp r0, r1
    bge 4f
    mov r0, r1
4:
    ldr r1, [sp, #4]
    cmp r0, r1
    ble 5f
    mov r0, r1
5:
    strb r0, [r2]
    add r2, lr
    ldr r1, [sp, #40]
    ldr r3, [sp, #28]
    subs r3, #1
    str r3, [sp, #28]
    beq .Llimen_m0_tile4w_leave
    b .Llimen_m0_tile4w_channel
.Llimen_m0_tile4w_leave:
    add sp, #44
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}
    .size limen_m0_tile4w, . - limen_m0_tile4w

/* void limen_m0_vectorw(const int32_t *prefix, const uint8_t *stream, int8_t *y, const int32_t *parameters)
 * All output channels of one position, four at a time.
 * prefix: 0x00800080 times the sum of the codes so far, and the next two codes; so on, and the whole sum;
 * stream: for each four channels: starts of the sums[4], multiplier[4], shift[4], words of counts, inputs
 * of each group / 2, a zero; then, at the next word, the weights of four channels by input, plus 128;
 * parameters: lowest and highest code, 2 * zero point + 1, number of fours. */
    .weak limen_m0_vectorw
    .balign 4
    .thumb_func
    .type limen_m0_vectorw, %function
limen_m0_vectorw:
    push {r4-r7, lr}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    mov r7, r11
    push {r4-r7}
    sub sp, #44
    str r0, [sp, #20]
    str r2, [sp, #24]
    ldr r4, [r3, #0]
    str r4, [sp, #0]
    ldr r4, [r3, #4]
    str r4, [sp, #4]
    ldr r4, [r3, #8]
    str r4, [sp, #12]
    ldr r4, [r3, #12]
    str r4, [sp, #16]
    movs r4, #1
    lsls r4, r4, #20
    subs r4, #1
    str r4, [sp, #8]
    movs r4, #255
    lsls r5, r4, #16
    adds r4, r4, r5
    str r4, [sp, #36]
.Llimen_m0_vectorw_four:
    str r1, [sp, #28]
    ldr r3, [r1, #0]
    mov r8, r3
    ldr r3, [r1, #4]
    mov r10, r3
    ldr r3, [r1, #8]
    mov r9, r3
    ldr r3, [r1, #12]
    mov r11, r3
    adds r1, #36
    adds r3, r1, #1
    str r3, [sp, #32]
    ldrb r3, [r1]
    lsls r3, r3, #2
    adds r1, r1, r3
    ldr r0, [sp, #20]
    ldr r7, [sp, #36]
    movs r2, #0
    b .Llimen_m0_vectorw_count
.Llimen_m0_vectorw_group:
    lsls r3, r3, #3
    adds r3, r3, r1
    mov r12, r3
    movs r3, #128
    lsls r3, r3, #8
    adds r5, r3, r2
    adds r6, r3, r2
.Llimen_m0_vectorw_weights:
    adds r0, #4
    ldmia r0!, {r4}
    ldmia r1!, {r2}
    movs r3, r2
    lsrs r2, r2, #8
    ands r3, r7
    ands r2, r7
    muls r3, r4
    muls r2, r4
    adds r5, r5, r3
    adds r6, r6, r2
    ldmia r0!, {r4}
    ldmia r1!, {r2}
    movs r3, r2
    lsrs r2, r2, #8
    ands r3, r7
    ands r2, r7
    muls r3, r4
    muls r2, r4
    adds r5, r5, r3
    adds r6, r6, r2
    cmp r1, r12
    bne .Llimen_m0_vectorw_weights
    ldr r2, [r0]
    subs r5, r5, r2
    asrs r3, r5, #16
    add r10, r5
    add r8, r3
    subs r6, r6, r2
    asrs r3, r6, #16
    add r11, r6
    add r9, r3
.Llimen_m0_vectorw_count:
    ldr r4, [sp, #32]
    ldrb r3, [r4]
    adds r4, #1
    str r4, [sp, #32]
    cmp r3, #0
    bne .Llimen_m0_vectorw_group
    str r1, [sp, #40]
    ldr r1, [sp, #28]
    mov r0, r10
    mov r2, r8
    lsls r2, r2, #16
    subs r0, r0, r2
    ldr r6, [sp, #12]
    movs r5, #32
    ldrb r5, [r1, r5]
    lsls r6, r5
    mov lr, r6
    adds r5, #1
    ldr r4, [r1, #16]
    lsls r2, r4, #22
    lsrs r2, r2, #22
    lsls r3, r4, #12
    lsrs r3, r3, #22
    lsrs r4, r4, #20
    ldr r6, [sp, #8]
    cmp r0, r6
    ble 1f
    mov r0, r6
1:
    rsbs r6, r6, #0
    cmp r0, r6
    bge 2f
    mov r0, r6
2:
    movs r6, r0
    muls r6, r2
    movs r7, r0
    muls r7, r3
    asrs r6, r6, #10
    adds r6, r6, r7
    muls r0, r4
    asrs r6, r6, #10
    adds r0, r0, r6
    asrs r0, r0, #10
    add r0, lr
    asrs r0, r5
    ldr r6, [sp, #0]
    cmp r0, r6
    bge 4f
    mov r0, r6
4:
    ldr r6, [sp, #4]
    cmp r0, r6
    ble 5f
    mov r0, r6
5:
    ldr r6, [sp, #24]
    strb r0, [r6, #0]
    mov r0, r8
    ldr r6, [sp, #12]
    movs r5, #34
    ldrb r5, [r1, r5]
    lsls r6, r5
    mov lr, r6
    adds r5, #1
    ldr r4, [r1, #24]
    lsls r2, r4, #22
    lsrs r2, r2, #22
    lsls r3, r4, #12
    lsrs r3, r3, #22
    lsrs r4, r4, #20
    ldr r6, [sp, #8]
    cmp r0, r6
    ble 1f
    mov r0, r6
1:
    rsbs r6, r6, #0
    cmp r0, r6
    bge 2f
    mov r0, r6
2:
    movs r6, r0
    muls r6, r2
    movs r7, r0
    muls r7, r3
    asrs r6, r6, #10
    adds r6, r6, r7
    muls r0, r4
    asrs r6, r6, #10
    adds r0, r0, r6
    asrs r0, r0, #10
    add r0, lr
    asrs r0, r5
    ldr r6, [sp, #0]
    cmp r0, r6
    bge 4f
    mov r0, r6
4:
    ldr r6, [sp, #4]
    cmp r0, r6
    ble 5f
    mov r0, r6
5:
    ldr r6, [sp, #24]
    strb r0, [r6, #2]
    mov r0, r11
    mov r2, r9
    lsls r2, r2, #16
    subs r0, r0, r2
    ldr r6, [sp, #12]
    movs r5, #33
    ldrb r5, [r1, r5]
    lsls r6, r5
    mov lr, r6
    adds r5, #1
    ldr r4, [r1, #20]
    lsls r2, r4, #22
    lsrs r2, r2, #22
    lsls r3, r4, #12
    lsrs r3, r3, #22
    lsrs r4, r4, #20
    ldr r6, [sp, #8]
    cmp r0, r6
    ble 1f
    mov r0, r6
1:
    rsbs r6, r6, #0
    cmp r0, r6
    bge 2f
    mov r0, r6
2:
    movs r6, r0
    muls r6, r2
    movs r7, r0
    muls r7, r3
    asrs r6, r6, #10
    adds r6, r6, r7
    muls r0, r4
    asrs r6, r6, #10
    adds r0, r0, r6
    asrs r0, r0, #10
    add r0, lr
    asrs r0, r5
    ldr r6, [sp, #0]
    cmp r0, r6
    bge 4f
    mov r0, r6
4:
    ldr r6, [sp, #4]
    cmp r0, r6
    ble 5f
    mov r0, r6
5:
    ldr r6, [sp, #24]
    strb r0, [r6, #1]
    mov r0, r9
    ldr r6, [sp, #12]
    movs r5, #35
    ldrb r5, [r1, r5]
    lsls r6, r5
    mov lr, r6
    adds r5, #1
    ldr r4, [r1, #28]
    lsls r2, r4, #22
    lsrs r2, r2, #22
    lsls r3, r4, #12
    lsrs r3, r3, #22
    lsrs r4, r4, #20
    ldr r6, [sp, #8]
    cmp r0, r6
    ble 1f
    mov r0, r6
1:
    rsbs r6, r6, #0
    cmp r0, r6
    bge 2f
    mov r0, r6
2:
    movs r6, r0
    muls r6, r2
    movs r7, r0
    muls r7, r3
    asrs r6, r6, #10
    adds r6, r6, r7
    muls r0, r4
    asrs r6, r6, #10
    adds r0, r0, r6
    asrs r0, r0, #10
    add r0, lr
    asrs r0, r5
    ldr r6, [sp, #0]
    cmp r0, r6
    bge 4f
    mov r0, r6
4:
    ldr r6, [sp, #4]
    cmp r0, r6
    ble 5f
    mov r0, r6
5:
    ldr r6, [sp, #24]
    strb r0, [r6, #3]
    ldr r1, [sp, #40]
    adds r6, #4
    str r6, [sp, #24]
    ldr r6, [sp, #16]
    subs r6, #1
    str r6, [sp, #16]
    beq .Llimen_m0_vectorw_leave
    b .Llimen_m0_vectorw_four
.Llimen_m0_vectorw_leave:
    add sp, #44
    pop {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    pop {r4-r7, pc}
    .size limen_m0_vectorw, . - limen_m0_vectorw
