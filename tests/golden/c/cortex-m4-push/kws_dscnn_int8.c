/* kws_dscnn_int8.c: kws_dscnn_int8, compiled by limen 0.1.0 for cortex-m4. */
#include "kws_dscnn_int8.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
extern uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words);

/* Widens 4 elements of each of 10 rows for two positions into int16 pairs, odd ends last. */
extern void limen_expand_bytes_10x4(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b);

/* Two positions by four output channels a pass, sums of 40 elements. */
extern void limen_quad_40_s12_x9(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* One position by four output channels a pass, sums of 40 elements. */
extern void limen_quad_40_s12_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* A row of a 3x3 depthwise convolution, 5 positions, four channels a group. */
extern void limen_depthwise_64x5to5_1_1_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Widens 64 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_16(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 64 elements. */
extern void limen_quad_64_s12_x31(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* One position by four output channels a pass, sums of 64 elements. */
extern void limen_quad_64_s12_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);

/* Four outputs a pass, sums of 64 elements of int16. */
extern void limen_product_64_s12_uniform_x4(const void *x, const void *stream, int8_t *out,
    const int8_t *end);

/* a * b / 2^31, halves up; never both INT32_MIN. */
static inline int32_t limen_doubling_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^shift, halves away from zero; shift >= 1. */
static inline int64_t limen_shift_right(int64_t x, int32_t shift)
{
    return (x + (INT64_C(1) << (shift - 1)) - (x < 0 ? 1 : 0)) >> shift;
}

/* Leading zero bits of a positive number. */
static inline int32_t limen_leading_zeros(int32_t x)
{
    int32_t zeros = 0;

    while (x < 0x40000000) {
        x <<= 1;
        ++zeros;
    }
    return zeros + 1;
}

/* x * 2^shift, saturated. */
static inline int32_t limen_shift_left(int32_t x, int32_t shift)
{
    const int64_t wide = (int64_t)x * (INT64_C(1) << shift);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* 1 / (1 + x) of x in [0, 1), both Q31: three steps of Newton and Raphson with two integer bits. */
static inline int32_t limen_one_over_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + (INT64_C(1) << 31)) >> 1);
    int32_t guess = 1515870810 + limen_doubling_high(half, -1010580540);

    for (int32_t i = 0; i < 3; ++i) {
        const int32_t error = (1 << 29) - limen_doubling_high(half, guess);
        guess += limen_shift_left(limen_doubling_high(guess, error), 2);
    }
    return limen_shift_left(guess, 1);
}

/* Layer 0: Conv2D functional_1/conv2d/Conv2D1
 * int8[1,49,10,1], int8[64,10,4,1], int32[64] -> int8[1,25,5,64]; 320000 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_00_conv2d_stream[832] = {
    /* sha256 994890b7a8bc8356162470120e7d7d14 */
};

/* The bytes of the window at a position. */
LIMEN_LAYER static void kws_dscnn_int8_00_conv2d_gather(const int8_t *const *x0, int32_t position, int8_t *to)
{
    const int32_t left = position * 2 - 1;
    for (int32_t ky = 0; ky < 10; ++ky) {
        int32_t i = 0;
        for (int32_t kx = 0; kx < 4; ++kx) {
            const int32_t at = left + kx;
            for (int32_t c = 0; c < 1; ++c, ++i) {
                const int32_t place = ky * 4 + i;
                to[place] = (at >= 0 && at < 10) ? x0[ky][at + c] : 83;
            }
        }
    }
}

static void kws_dscnn_int8_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 4; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        if (a >= 1 && b < 4) {
            limen_expand_bytes_10x4(columns, x0, a * 2 - 1, b * 2 - 1);
        } else {
            int8_t *const bytes = (int8_t *)(columns + 40);
            kws_dscnn_int8_00_conv2d_gather(x0, a, bytes);
            kws_dscnn_int8_00_conv2d_gather(x0, b, bytes + 40);
            limen_expand_pair(columns, bytes, bytes + 40, 10);
        }
        limen_quad_40_s12_x9(columns, kws_dscnn_int8_00_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 4;
        const int32_t b = 4;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const bytes = (int8_t *)(columns + 40);
        kws_dscnn_int8_00_conv2d_gather(x0, a, bytes);
        kws_dscnn_int8_00_conv2d_gather(x0, b, bytes + 40);
        limen_expand_pair(columns, bytes, bytes + 40, 10);
        limen_quad_40_s12_one(columns, kws_dscnn_int8_00_conv2d_stream, at_a, at_a + 64);
    }
}

/* Layer 1: DepthwiseConv2D functional_1/depthwise_conv2d/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t kws_dscnn_int8_01_depthwise_conv2d_stream[512] = {
    /* sha256 32e2e03ea8bafccf4473137ffc208fd9 */
};

static void kws_dscnn_int8_01_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_64x5to5_1_1_s12_z128(x0, kws_dscnn_int8_01_depthwise_conv2d_stream, y0, scratch, 16);
}

/* Layer 2: Conv2D functional_1/conv2d_1/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_02_conv2d_stream[1216] = {
    /* sha256 5a9e70081e60ea7255202b5baedbfa5a */
};

static void kws_dscnn_int8_02_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 4; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_02_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 4;
        const int32_t b = 4;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_02_conv2d_stream, at_a, at_a + 64);
    }
}

/* Layer 3: DepthwiseConv2D functional_1/depthwise_conv2d_1/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t kws_dscnn_int8_03_depthwise_conv2d_stream[512] = {
    /* sha256 acb939a5a18e68764758cd65272c5443 */
};

static void kws_dscnn_int8_03_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_64x5to5_1_1_s12_z128(x0, kws_dscnn_int8_03_depthwise_conv2d_stream, y0, scratch, 16);
}

/* Layer 4: Conv2D functional_1/conv2d_2/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_04_conv2d_stream[1216] = {
    /* sha256 d6a8894e1088dfe3fcdc672e3f9efb66 */
};

static void kws_dscnn_int8_04_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 4; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_04_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 4;
        const int32_t b = 4;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_04_conv2d_stream, at_a, at_a + 64);
    }
}

/* Layer 5: DepthwiseConv2D functional_1/depthwise_conv2d_2/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t kws_dscnn_int8_05_depthwise_conv2d_stream[512] = {
    /* sha256 21447965310becc5b08621006f16e856 */
};

static void kws_dscnn_int8_05_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_64x5to5_1_1_s12_z128(x0, kws_dscnn_int8_05_depthwise_conv2d_stream, y0, scratch, 16);
}

/* Layer 6: Conv2D functional_1/conv2d_3/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_06_conv2d_stream[1216] = {
    /* sha256 58923e3913cb6ff5b431336b1939cf72 */
};

static void kws_dscnn_int8_06_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 4; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_06_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 4;
        const int32_t b = 4;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_06_conv2d_stream, at_a, at_a + 64);
    }
}

/* Layer 7: DepthwiseConv2D functional_1/depthwise_conv2d_3/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t kws_dscnn_int8_07_depthwise_conv2d_stream[512] = {
    /* sha256 99966b4ffacd34b82b13a7353d79bc09 */
};

static void kws_dscnn_int8_07_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_64x5to5_1_1_s12_z128(x0, kws_dscnn_int8_07_depthwise_conv2d_stream, y0, scratch, 16);
}

/* Layer 8: Conv2D functional_1/conv2d_4/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_08_conv2d_stream[1216] = {
    /* sha256 86d436d45143dae6658d7ed9ed14b960 */
};

static void kws_dscnn_int8_08_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 4; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_08_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 4;
        const int32_t b = 4;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_08_conv2d_stream, at_a, at_a + 64);
    }
}

/* Layer 9: AveragePool2D functional_1/average_pooling2d/AvgPool
 * int8[1,25,5,64] -> int8[1,1,1,64] */
static void kws_dscnn_int8_09_average_pool2d_start(void *scratch)
{
    memset(scratch, 0, 256u);
}

static void kws_dscnn_int8_09_average_pool2d_add(const int8_t *x0, void *scratch)
{
    int32_t *const sums = scratch;
    for (int32_t x = 0; x < 5; ++x) {
        for (int32_t c = 0; c < 64; ++c) {
            sums[c] += x0[x * 64 + c];
        }
    }
}

static void kws_dscnn_int8_09_average_pool2d_finish(int8_t *y0, const void *scratch)
{
    const int32_t *const sums = scratch;
    for (int32_t c = 0; c < 64; ++c) {
        const int32_t total = sums[c];
        const int32_t mean = (total > 0 ? total + 62 : total - 62) / 125;
        y0[c] = (int8_t)limen_clamp(mean, -128, 127);
    }
}

/* Layer 11: FullyConnected functional_1/dense/BiasAdd
 * int8[1,64], int8[12,64], int32[12] -> int8[1,12]; 768 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t kws_dscnn_int8_11_fully_connected_stream[206] = {
    /* sha256 b58bf20cc4689524c425ffb6afb0e7b4 */
};

LIMEN_LAYER static void kws_dscnn_int8_11_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 16);
    limen_product_64_s12_uniform_x4(scratch, kws_dscnn_int8_11_fully_connected_stream, y0, y0 + 12);
}

/* Layer 12: Softmax Identity
 * int8[1,12] -> int8[1,12] */
/* e to the power of 0, -1, -2 ... codes, Q31 */
static const int32_t kws_dscnn_int8_12_softmax_exp[125] = {
    /* sha256 26d227893d56fee1b191d2b3c9750c9d */
};

LIMEN_LAYER static void kws_dscnn_int8_12_softmax(const int8_t *x0, int8_t *y0)
{
    for (int32_t row = 0; row < 1; ++row) {
        const int8_t *x = x0 + row * 12;
        int8_t *y = y0 + row * 12;
        int32_t most = x[0];
        for (int32_t i = 1; i < 12; ++i) {
            most = x[i] > most ? x[i] : most;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < 12; ++i) {
            const int32_t below = most - x[i];
            sum += below < 125
                ? (int32_t)(((uint32_t)kws_dscnn_int8_12_softmax_exp[below] + 2048u) >> 12) : 0;
        }
        const int32_t zeros = limen_leading_zeros(sum);
        const int32_t share =
            limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
        for (int32_t i = 0; i < 12; ++i) {
            const int32_t below = most - x[i];
            const int32_t exp = below < 125 ? kws_dscnn_int8_12_softmax_exp[below] : 0;
            const int64_t part = limen_shift_right(limen_doubling_high(exp, share),
                35 - zeros) - 128;
            y[i] = (int8_t)(part > 127 ? 127 : part);
        }
    }
}

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_input[49] = {
    /* sha256 f6024e4f6b8c5b711779a60e6bb7ea8e */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_0[25] = {
    /* sha256 28db8b3f7478439dc9b4b92a12f0d2e4 */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_1[25] = {
    /* sha256 cd76e4e5fc39502debc648d12f8656ab */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_2[25] = {
    /* sha256 3526a9eb6071f546feaf6dd98398a09f */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_3[25] = {
    /* sha256 587ff44aa5232d75f7d82079dcf62b39 */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_4[25] = {
    /* sha256 0a668aa59f672ed96d05d9377298d3e4 */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_5[25] = {
    /* sha256 63e722ed113aa532a3d22b8634e07899 */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_6[25] = {
    /* sha256 ad62c43bac21b46ad902c518e951a619 */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_7[25] = {
    /* sha256 11b248f0ae3b4c3ee8bb76406c1db0ab */
};

/* where each row lies, in units of 4 bytes */
_Alignas(4) static const uint16_t kws_dscnn_int8_stream_rows_of_layer_8[25] = {
    /* sha256 06bd296be0f98dd43c069df63232d927 */
};

/* a row of padding */
_Alignas(16) static const int8_t kws_dscnn_int8_stream_padding_int8_83[10] = {
    /* sha256 6d20bbb1bc96ebb33950a1251a833d34 */
};

/* a row of padding */
_Alignas(16) static const int8_t kws_dscnn_int8_stream_padding_int8_m128[320] = {
    /* sha256 6af649ddf9f203e8cd10133bb6709dc5 */
};

/* Makes one row of layer 0, if its operands are there. */
static int32_t kws_dscnn_int8_00_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[0];
    if (y >= 25 || (y * 2 + 6 < 49 ? y * 2 + 6 : 49) > made[10]) {
        return 0;
    }
    const int8_t *rows0[10];
    for (int32_t i = 0; i < 10; ++i) {
        const int32_t r = y * 2 - 4 + i;
        rows0[i] = (r >= 0 && r < 49) ? (const int8_t *)AT(kws_dscnn_int8_stream_rows_of_input[r] * 4) : kws_dscnn_int8_stream_padding_int8_83;
    }
    kws_dscnn_int8_00_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_0[y] * 4), AT(0));
    made[0] = y + 1;
    return 1;
}

/* Makes one row of layer 1, if its operands are there. */
static int32_t kws_dscnn_int8_01_depthwise_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[1];
    if (y >= 25 || (y + 2 < 25 ? y + 2 : 25) > made[0]) {
        return 0;
    }
    const int8_t *rows0[3];
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t r = y - 1 + i;
        rows0[i] = (r >= 0 && r < 25) ? (const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_0[r] * 4) : kws_dscnn_int8_stream_padding_int8_m128;
    }
    kws_dscnn_int8_01_depthwise_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_1[y] * 4), AT(0));
    made[1] = y + 1;
    return 1;
}

/* Makes one row of layer 2, if its operands are there. */
static int32_t kws_dscnn_int8_02_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[2];
    if (y >= 25 || y + 1 > made[1]) {
        return 0;
    }
    const int8_t *const rows0[1] = {(const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_1[y] * 4)};
    kws_dscnn_int8_02_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_2[y] * 4), AT(0));
    made[2] = y + 1;
    return 1;
}

/* Makes one row of layer 3, if its operands are there. */
static int32_t kws_dscnn_int8_03_depthwise_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[3];
    if (y >= 25 || (y + 2 < 25 ? y + 2 : 25) > made[2]) {
        return 0;
    }
    const int8_t *rows0[3];
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t r = y - 1 + i;
        rows0[i] = (r >= 0 && r < 25) ? (const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_2[r] * 4) : kws_dscnn_int8_stream_padding_int8_m128;
    }
    kws_dscnn_int8_03_depthwise_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_3[y] * 4), AT(0));
    made[3] = y + 1;
    return 1;
}

/* Makes one row of layer 4, if its operands are there. */
static int32_t kws_dscnn_int8_04_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[4];
    if (y >= 25 || y + 1 > made[3]) {
        return 0;
    }
    const int8_t *const rows0[1] = {(const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_3[y] * 4)};
    kws_dscnn_int8_04_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_4[y] * 4), AT(0));
    made[4] = y + 1;
    return 1;
}

/* Makes one row of layer 5, if its operands are there. */
static int32_t kws_dscnn_int8_05_depthwise_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[5];
    if (y >= 25 || (y + 2 < 25 ? y + 2 : 25) > made[4]) {
        return 0;
    }
    const int8_t *rows0[3];
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t r = y - 1 + i;
        rows0[i] = (r >= 0 && r < 25) ? (const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_4[r] * 4) : kws_dscnn_int8_stream_padding_int8_m128;
    }
    kws_dscnn_int8_05_depthwise_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_5[y] * 4), AT(0));
    made[5] = y + 1;
    return 1;
}

/* Makes one row of layer 6, if its operands are there. */
static int32_t kws_dscnn_int8_06_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[6];
    if (y >= 25 || y + 1 > made[5]) {
        return 0;
    }
    const int8_t *const rows0[1] = {(const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_5[y] * 4)};
    kws_dscnn_int8_06_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_6[y] * 4), AT(0));
    made[6] = y + 1;
    return 1;
}

/* Makes one row of layer 7, if its operands are there. */
static int32_t kws_dscnn_int8_07_depthwise_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[7];
    if (y >= 25 || (y + 2 < 25 ? y + 2 : 25) > made[6]) {
        return 0;
    }
    const int8_t *rows0[3];
    for (int32_t i = 0; i < 3; ++i) {
        const int32_t r = y - 1 + i;
        rows0[i] = (r >= 0 && r < 25) ? (const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_6[r] * 4) : kws_dscnn_int8_stream_padding_int8_m128;
    }
    kws_dscnn_int8_07_depthwise_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_7[y] * 4), AT(0));
    made[7] = y + 1;
    return 1;
}

/* Makes one row of layer 8, if its operands are there. */
static int32_t kws_dscnn_int8_08_conv2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[8];
    if (y >= 25 || y + 1 > made[7]) {
        return 0;
    }
    const int8_t *const rows0[1] = {(const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_7[y] * 4)};
    kws_dscnn_int8_08_conv2d_row(rows0, (int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_8[y] * 4), AT(0));
    made[8] = y + 1;
    return 1;
}

/* Takes in one row of layer 9, if its operands are there. */
static int32_t kws_dscnn_int8_09_average_pool2d_step(void *arena)
{
    int32_t *const made = AT(3896);
    const int32_t y = made[9];
    if (y >= 25 || y + 1 > made[8]) {
        return 0;
    }
    if (y == 0) {
        kws_dscnn_int8_09_average_pool2d_start(AT(3540));
    }
    kws_dscnn_int8_09_average_pool2d_add((const int8_t *)AT(kws_dscnn_int8_stream_rows_of_layer_8[y] * 4), AT(3540));
    if (y == 24) {
        kws_dscnn_int8_09_average_pool2d_finish(AT(3832), AT(3540));
    }
    made[9] = y + 1;
    return 1;
}

/* Nothing is made yet. */
static void kws_dscnn_int8_stream_start(void *arena)
{
    memset(AT(3896), 0, 44u);
}

/* Makes every row that can be made, the last layer first, so that the rings stay short. */
static void kws_dscnn_int8_stream_advance(void *arena)
{
    while (kws_dscnn_int8_09_average_pool2d_step(arena)
           || kws_dscnn_int8_08_conv2d_step(arena)
           || kws_dscnn_int8_07_depthwise_conv2d_step(arena)
           || kws_dscnn_int8_06_conv2d_step(arena)
           || kws_dscnn_int8_05_depthwise_conv2d_step(arena)
           || kws_dscnn_int8_04_conv2d_step(arena)
           || kws_dscnn_int8_03_depthwise_conv2d_step(arena)
           || kws_dscnn_int8_02_conv2d_step(arena)
           || kws_dscnn_int8_01_depthwise_conv2d_step(arena)
           || kws_dscnn_int8_00_conv2d_step(arena)) {
    }
}

void kws_dscnn_int8_reset(void *arena)
{
    (void)arena;
}

void kws_dscnn_int8_begin(void *arena)
{
    kws_dscnn_int8_stream_start(arena);
}

int32_t kws_dscnn_int8_push(void *arena, const void *row)
{
    int32_t *const made = AT(3896);
    memcpy(AT(kws_dscnn_int8_stream_rows_of_input[made[10]] * 4), row, 10u);
    made[10] += 1;
    kws_dscnn_int8_stream_advance(arena);
    if (made[10] < 49) {
        return 0;
    }
    kws_dscnn_int8_11_fully_connected(AT(3832), AT(0), AT(12));
    kws_dscnn_int8_12_softmax(AT(0), AT(0));
    return 1;
}
