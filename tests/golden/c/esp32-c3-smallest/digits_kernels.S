/* digits_kernels.S: inner loops of digits.c for esp32-c3. */
    .text

/* void limen_rv32_tile4(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters)
 * 4 positions of all output channels, two channels at a time.
 * patch: for each weight of a channel, its input code at the positions, two to a word;
 * stream: for each two channels: bias[2], multiplier[2], shift[2], number of groups; then the groups, each
 * a byte of its size + 1 and the weights of both channels in turn; then a zero;
 * parameters: bytes between positions of y, lowest and highest code, 2 * zero point + 1, pairs of channels.
 */
    .weak limen_rv32_tile4
    .balign 4
    .type limen_rv32_tile4, @function
limen_rv32_tile4:
    addi sp, sp, -80
    sw ra, 0(sp)
    sw s0, 4(sp)
    sw s1, 8(sp)
    sw s2, 12(sp)
    sw s3, 16(sp)
    sw s4, 20(sp)
    sw s5, 24(sp)
    sw s6, 28(sp)
    sw s7, 32(sp)
    sw s8, 36(sp)
    sw s9, 40(sp)
    sw s10, 44(sp)
    sw s11, 48(sp)
    mv t5, a3
    lw t0, 16(t5)
    sw a0, 52(sp)
    sw a2, 56(sp)
    sw t0, 64(sp)
.Llimen_rv32_tile4_pair:
    sw a1, 60(sp)
    lw a0, 52(sp)
    lhu t0, 18(a1)
    slli t0, t0, 15
    lw s2, 0(a1)
    slli s8, s2, 16
    add s8, s8, s2
    sub s8, s8, t0
    mv s3, s2
    mv s9, s8
    lw s5, 4(a1)
    slli s11, s5, 16
    add s11, s11, s5
    sub s11, s11, t0
    mv s6, s5
    mv t6, s11
    lbu a2, 20(a1)
    addi a1, a1, 20
    beqz a2, .Llimen_rv32_tile4_done
.Llimen_rv32_tile4_group:
    add a2, a2, a1
    lui t0, 8
    lw a3, 0(a0)
    lw a4, 4(a0)
    lb t3, 1(a1)
    lb t4, 2(a1)
    mul s0, a3, t3
    add s0, s0, t0
    mul s1, a4, t3
    add s1, s1, t0
    mul a7, a3, t4
    add a7, a7, t0
    mul t1, a4, t4
    add t1, t1, t0
    lw a3, 8(a0)
    lw a4, 12(a0)
    lb t3, 3(a1)
    lb t4, 4(a1)
    addi a1, a1, 5
    mul t0, a3, t3
    add s0, s0, t0
    mul t0, a4, t3
    add s1, s1, t0
    mul t0, a3, t4
    add a7, a7, t0
    mul t0, a4, t4
    add t1, t1, t0
    addi a0, a0, 16
    beq a1, a2, .Llimen_rv32_tile4_flush
.Llimen_rv32_tile4_weights:
    lw a3, 0(a0)
    lw a4, 4(a0)
    lb t3, 0(a1)
    lb t4, 1(a1)
    mul t0, a3, t3
    add s0, s0, t0
    mul t0, a4, t3
    add s1, s1, t0
    mul t0, a3, t4
    add a7, a7, t0
    mul t0, a4, t4
    add t1, t1, t0
    lw a3, 8(a0)
    lw a4, 12(a0)
    lb t3, 2(a1)
    lb t4, 3(a1)
    addi a1, a1, 4
    mul t0, a3, t3
    add s0, s0, t0
    mul t0, a4, t3
    add s1, s1, t0
    mul t0, a3, t4
    add a7, a7, t0
    mul t0, a4, t4
    add t1, t1, t0
    addi a0, a0, 16
    bne a1, a2, .Llimen_rv32_tile4_weights
.Llimen_rv32_tile4_flush:
    lbu a2, 0(a1)
    srai t0, s0, 16
    add s8, s8, s0
    add s2, s2, t0
    srai t0, s1, 16
    add s9, s9, s1
    add s3, s3, t0
    srai t0, a7, 16
    add s11, s11, a7
    add s5, s5, t0
    srai t0, t1, 16
    add t6, t6, t1
    add s6, s6, t0
    bnez a2, .Llimen_rv32_tile4_group
.Llimen_rv32_tile4_done:
    lw a2, 60(sp)
    lw a3, 56(sp)
    lw a4, 0(t5)
    lw a5, 4(t5)
    lw s0, 8(t5)
    lw t0, 12(t5)
    lbu t2, 16(a2)
    lw s1, 8(a2)
    sll a7, t0, t2
    addi a7, a7, 1
    addi t2, t2, 1
    lbu t3, 17(a2)
    lw a6, 12(a2)
    sll t1, t0, t3
    addi t1, t1, 1
    addi t3, t3, 1
    slli t0, s2, 16
    sub s8, s8, t0
    slli t0, s5, 16
    sub s11, s11, t0
    slli s8, s8, 2
    mulh s8, s8, s1
    add s8, s8, a7
    sra s8, s8, t2
    bge s8, a5, 2f
    mv s8, a5
2:
    bge s0, s8, 3f
    mv s8, s0
3:
    sb s8, 0(a3)
    slli s11, s11, 2
    mulh s11, s11, a6
    add s11, s11, t1
    sra s11, s11, t3
    bge s11, a5, 2f
    mv s11, a5
2:
    bge s0, s11, 3f
    mv s11, s0
3:
    sb s11, 1(a3)
    add a3, a3, a4
    slli s2, s2, 2
    mulh s2, s2, s1
    add s2, s2, a7
    sra s2, s2, t2
    bge s2, a5, 2f
    mv s2, a5
2:
    bge s0, s2, 3f
    mv s2, s0
3:
    sb s2, 0(a3)
    slli s5, s5, 2
    mulh s5, s5, a6
    add s5, s5, t1
    sra s5, s5, t3
    bge s5, a5, 2f
    mv s5, a5
2:
    bge s0, s5, 3f
    mv s5, s0
3:
    sb s5, 1(a3)
    add a3, a3, a4
    slli t0, s3, 16
    sub s9, s9, t0
    slli t0, s6, 16
    sub t6, t6, t0
    slli s9, s9, 2
    mulh s9, s9, s1
    add s9, s9, a7
    sra s9, s9, t2
    bge s9, a5, 2f
    mv s9, a5
2:
    bge s0, s9, 3f
    mv s9, s0
3:
    sb s9, 0(a3)
    slli t6, t6, 2
    mulh t6, t6, a6
    add t6, t6, t1
    sra t6, t6, t3
    bge t6, a5, 2f
    mv t6, a5
2:
    bge s0, t6, 3f
    mv t6, s0
3:
    sb t6, 1(a3)
    add a3, a3, a4
    slli s3, s3, 2
    mulh s3, s3, s1
    add s3, s3, a7
    sra s3, s3, t2
    bge s3, a5, 2f
    mv s3, a5
2:
    bge s0, s3, 3f
    mv s3, s0
3:
    sb s3, 0(a3)
    slli s6, s6, 2
    mulh s6, s6, a6
    add s6, s6, t1
    sra s6, s6, t3
    bge s6, a5, 2f
    mv s6, a5
2:
    bge s0, s6, 3f
    mv s6, s0
3:
    sb s6, 1(a3)
    add a3, a3, a4
    lw a2, 56(sp)
    lw t0, 64(sp)
    addi a1, a1, 4
    andi a1, a1, -4
    addi a2, a2, 2
    addi t0, t0, -1
    sw a2, 56(sp)
    sw t0, 64(sp)
    bnez t0, .Llimen_rv32_tile4_pair
    lw ra, 0(sp)
    lw s0, 4(sp)
    lw s1, 8(sp)
    lw s2, 12(sp)
    lw s3, 16(sp)
    lw s4, 20(sp)
    lw s5, 24(sp)
    lw s6, 28(sp)
    lw s7, 32(sp)
    lw s8, 36(sp)
    lw s9, 40(sp)
    lw s10, 44(sp)
    lw s11, 48(sp)
    addi sp, sp, 80
    ret
    .size limen_rv32_tile4, . - limen_rv32_tile4

/* void limen_rv32_vector(const int8_t *x, const int32_t *prefix, const uint8_t *stream, int8_t *y,
 *     const int32_t *parameters)
 * All output channels of one position, eight at a time.
 * prefix: 0x00800080 times the sum of the first 2 * i codes of x;
 * stream: for each eight channels: starts of the sums[8], multiplier[8], shift[8], words of counts, inputs
 * of each group / 2, a zero; then, at the next word, the weights of eight channels by input, plus 128;
 * parameters: lowest and highest code, 2 * zero point + 1, number of eights. */
    .weak limen_rv32_vector
    .balign 4
    .type limen_rv32_vector, @function
limen_rv32_vector:
    addi sp, sp, -80
    sw s0, 0(sp)
    sw s1, 4(sp)
    sw s2, 8(sp)
    sw s3, 12(sp)
    sw s4, 16(sp)
    sw s5, 20(sp)
    sw s6, 24(sp)
    sw s7, 28(sp)
    sw s8, 32(sp)
    sw s9, 36(sp)
    sw s10, 40(sp)
    sw s11, 44(sp)
    sw a0, 48(sp)
    sw a1, 52(sp)
    sw a3, 56(sp)
    lw s10, 0(a4)
    lw s11, 4(a4)
    lw t6, 8(a4)
    lw t0, 12(a4)
    sw t0, 64(sp)
    li t2, 0x00ff00ff
.Llimen_rv32_vector_eight:
    sw a2, 60(sp)
    lw a0, 48(sp)
    lw a1, 52(sp)
    lw s2, 0(a2)
    lw s6, 4(a2)
    lw s3, 8(a2)
    lw s7, 12(a2)
    lw s4, 16(a2)
    lw s8, 20(a2)
    lw s5, 24(a2)
    lw s9, 28(a2)
    lbu a3, 72(a2)
    lbu t0, 73(a2)
    addi a4, a2, 74
    slli a3, a3, 2
    addi a2, a2, 72
    add a2, a2, a3
    li a5, 0
    beqz t0, .Llimen_rv32_vector_done
.Llimen_rv32_vector_group:
    slli t0, t0, 2
    add a1, a1, t0
    slli t0, t0, 2
    add a3, a2, t0
    lui t5, 8
    add t5, t5, a5
    lb a6, 0(a0)
    lw a7, 0(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul s0, a6, t1
    add s0, s0, t5
    mul s1, a6, a7
    add s1, s1, t5
    lw a7, 4(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t3, a6, t1
    add t3, t3, t5
    mul t4, a6, a7
    add t4, t4, t5
    lb a6, 1(a0)
    lw a7, 8(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 12(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    addi a2, a2, 16
    addi a0, a0, 2
    beq a2, a3, .Llimen_rv32_vector_flush
    sub t0, a3, a2
    andi t0, t0, 16
    beqz t0, .Llimen_rv32_vector_weights
    lb a6, 0(a0)
    lw a7, 0(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 4(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    lb a6, 1(a0)
    lw a7, 8(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 12(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    addi a2, a2, 16
    addi a0, a0, 2
    beq a2, a3, .Llimen_rv32_vector_flush
.Llimen_rv32_vector_weights:
    lb a6, 0(a0)
    lw a7, 0(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 4(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    lb a6, 1(a0)
    lw a7, 8(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 12(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    lb a6, 2(a0)
    lw a7, 16(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 20(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    lb a6, 3(a0)
    lw a7, 24(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add s0, s0, t0
    mul t0, a6, a7
    add s1, s1, t0
    lw a7, 28(a2)
    and t1, a7, t2
    srli a7, a7, 8
    and a7, a7, t2
    mul t0, a6, t1
    add t3, t3, t0
    mul t0, a6, a7
    add t4, t4, t0
    addi a2, a2, 32
    addi a0, a0, 4
    bne a2, a3, .Llimen_rv32_vector_weights
.Llimen_rv32_vector_flush:
    lw a5, 0(a1)
    sub s0, s0, a5
    srai t0, s0, 16
    add s6, s6, s0
    add s2, s2, t0
    sub s1, s1, a5
    srai t0, s1, 16
    add s7, s7, s1
    add s3, s3, t0
    sub t3, t3, a5
    srai t0, t3, 16
    add s8, s8, t3
    add s4, s4, t0
    sub t4, t4, a5
    srai t0, t4, 16
    add s9, s9, t4
    add s5, s5, t0
    lbu t0, 0(a4)
    addi a4, a4, 1
    bnez t0, .Llimen_rv32_vector_group
.Llimen_rv32_vector_done:
    lw a3, 56(sp)
    lw a1, 60(sp)
    slli t0, s2, 16
    sub s6, s6, t0
    lbu a7, 64(a1)
    lw a4, 32(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s6, s6, 2
    mulh s6, s6, a4
    add s6, s6, a6
    sra s6, s6, a7
    bge s6, s10, 2f
    mv s6, s10
2:
    bge s11, s6, 3f
    mv s6, s11
3:
    sb s6, 0(a3)
    lbu a7, 66(a1)
    lw a4, 40(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s2, s2, 2
    mulh s2, s2, a4
    add s2, s2, a6
    sra s2, s2, a7
    bge s2, s10, 2f
    mv s2, s10
2:
    bge s11, s2, 3f
    mv s2, s11
3:
    sb s2, 2(a3)
    slli t0, s3, 16
    sub s7, s7, t0
    lbu a7, 65(a1)
    lw a4, 36(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s7, s7, 2
    mulh s7, s7, a4
    add s7, s7, a6
    sra s7, s7, a7
    bge s7, s10, 2f
    mv s7, s10
2:
    bge s11, s7, 3f
    mv s7, s11
3:
    sb s7, 1(a3)
    lbu a7, 67(a1)
    lw a4, 44(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s3, s3, 2
    mulh s3, s3, a4
    add s3, s3, a6
    sra s3, s3, a7
    bge s3, s10, 2f
    mv s3, s10
2:
    bge s11, s3, 3f
    mv s3, s11
3:
    sb s3, 3(a3)
    slli t0, s4, 16
    sub s8, s8, t0
    lbu a7, 68(a1)
    lw a4, 48(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s8, s8, 2
    mulh s8, s8, a4
    add s8, s8, a6
    sra s8, s8, a7
    bge s8, s10, 2f
    mv s8, s10
2:
    bge s11, s8, 3f
    mv s8, s11
3:
    sb s8, 4(a3)
    lbu a7, 70(a1)
    lw a4, 56(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s4, s4, 2
    mulh s4, s4, a4
    add s4, s4, a6
    sra s4, s4, a7
    bge s4, s10, 2f
    mv s4, s10
2:
    bge s11, s4, 3f
    mv s4, s11
3:
    sb s4, 6(a3)
    slli t0, s5, 16
    sub s9, s9, t0
    lbu a7, 69(a1)
    lw a4, 52(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s9, s9, 2
    mulh s9, s9, a4
    add s9, s9, a6
    sra s9, s9, a7
    bge s9, s10, 2f
    mv s9, s10
2:
    bge s11, s9, 3f
    mv s9, s11
3:
    sb s9, 5(a3)
    lbu a7, 71(a1)
    lw a4, 60(a1)
    sll a6, t6, a7
    addi a7, a7, 1
    slli s5, s5, 2
    mulh s5, s5, a4
    add s5, s5, a6
    sra s5, s5, a7
    bge s5, s10, 2f
    mv s5, s10
2:
    bge s11, s5, 3f
    mv s5, s11
3:
    sb s5, 7(a3)
    lw t0, 64(sp)
    addi a3, a3, 8
    sw a3, 56(sp)
    addi t0, t0, -1
    sw t0, 64(sp)
    bnez t0, .Llimen_rv32_vector_eight
    lw s0, 0(sp)
    lw s1, 4(sp)
    lw s2, 8(sp)
    lw s3, 12(sp)
    lw s4, 16(sp)
    lw s5, 20(sp)
    lw s6, 24(sp)
    lw s7, 28(sp)
    lw s8, 32(sp)
    lw s9, 36(sp)
    lw s10, 40(sp)
    lw s11, 44(sp)
    addi sp, sp, 80
    ret
    .size limen_rv32_vector, . - limen_rv32_vector
