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

LIMEN_LAYER static void kws_dscnn_int8_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 240);
    memset(pad, 83, 10u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[10];
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t r = y * 2 - 4 + i;
            rows0[i] = (r >= 0 && r < 49) ? x0 + r * 10 : pad;
        }
        kws_dscnn_int8_00_conv2d_row(rows0, y0 + y * 320, scratch);
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

LIMEN_LAYER static void kws_dscnn_int8_01_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_01_depthwise_conv2d_row(rows0, y0 + y * 320, scratch);
    }
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
    for (int32_t a = 0; a < 124; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_02_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 124;
        const int32_t b = 124;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_02_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void kws_dscnn_int8_02_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_02_conv2d_row(rows0, y0, scratch);
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

LIMEN_LAYER static void kws_dscnn_int8_03_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_03_depthwise_conv2d_row(rows0, y0 + y * 320, scratch);
    }
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
    for (int32_t a = 0; a < 124; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_04_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 124;
        const int32_t b = 124;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_04_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void kws_dscnn_int8_04_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_04_conv2d_row(rows0, y0, scratch);
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

LIMEN_LAYER static void kws_dscnn_int8_05_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_05_depthwise_conv2d_row(rows0, y0 + y * 320, scratch);
    }
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
    for (int32_t a = 0; a < 124; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_06_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 124;
        const int32_t b = 124;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_06_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void kws_dscnn_int8_06_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_06_conv2d_row(rows0, y0, scratch);
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

LIMEN_LAYER static void kws_dscnn_int8_07_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_07_depthwise_conv2d_row(rows0, y0 + y * 320, scratch);
    }
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
    for (int32_t a = 0; a < 124; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, kws_dscnn_int8_08_conv2d_stream, at_a, at_b, at_a + 64);
    }
    {
        const int32_t a = 124;
        const int32_t b = 124;
        int8_t *const at_a = y0 + a * 64;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_one(columns, kws_dscnn_int8_08_conv2d_stream, at_a, at_a + 64);
    }
}

LIMEN_LAYER static void kws_dscnn_int8_08_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_08_conv2d_row(rows0, y0, scratch);
}

/* Layer 9: AveragePool2D functional_1/average_pooling2d/AvgPool
 * int8[1,25,5,64] -> int8[1,1,1,64] */
/* The mean of count elements, halves away from zero, as a code of the activation's range. */
static inline int8_t kws_dscnn_int8_09_average_pool2d_mean(int32_t total, int32_t count)
{
    const int32_t half = count / 2;
    const int32_t mean = (total > 0 ? total + half : total - half) / count;
    return (int8_t)limen_clamp(mean, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static void kws_dscnn_int8_09_average_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 64; o += 4) {
        int32_t acc0 = 0;
        int32_t acc1 = 0;
        int32_t acc2 = 0;
        int32_t acc3 = 0;
        for (int32_t ky = 0; ky < 25; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 5; ++kx) {
                acc0 += x[0];
                acc1 += x[1];
                acc2 += x[2];
                acc3 += x[3];
                x += 64;
            }
        }
        y[o] = kws_dscnn_int8_09_average_pool2d_mean(acc0, 125);
        y[o + 1] = kws_dscnn_int8_09_average_pool2d_mean(acc1, 125);
        y[o + 2] = kws_dscnn_int8_09_average_pool2d_mean(acc2, 125);
        y[o + 3] = kws_dscnn_int8_09_average_pool2d_mean(acc3, 125);
    }
}

/* One row of the output. */
static void kws_dscnn_int8_09_average_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 1; ++x) {
        kws_dscnn_int8_09_average_pool2d_inside(x0, x * 320, y0 + x * 64);
    }
}

LIMEN_LAYER static void kws_dscnn_int8_09_average_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[25];
        for (int32_t i = 0; i < 25; ++i) {
            const int32_t r = y * 25 + i;
            rows0[i] = x0 + r * 320;
        }
        kws_dscnn_int8_09_average_pool2d_row(rows0, y0);
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

void kws_dscnn_int8_reset(void *arena)
{
    (void)arena;
}

void kws_dscnn_int8_invoke(void *arena)
{
    kws_dscnn_int8_00_conv2d(AT(0), AT(512), AT(8512));
    kws_dscnn_int8_01_depthwise_conv2d(AT(512), AT(8512), AT(0));
    kws_dscnn_int8_02_conv2d(AT(8512), AT(512), AT(0));
    kws_dscnn_int8_03_depthwise_conv2d(AT(512), AT(8512), AT(0));
    kws_dscnn_int8_04_conv2d(AT(8512), AT(0), AT(8000));
    kws_dscnn_int8_05_depthwise_conv2d(AT(0), AT(8512), AT(8000));
    kws_dscnn_int8_06_conv2d(AT(8512), AT(512), AT(0));
    kws_dscnn_int8_07_depthwise_conv2d(AT(512), AT(8512), AT(0));
    kws_dscnn_int8_08_conv2d(AT(8512), AT(0), AT(8000));
    kws_dscnn_int8_09_average_pool2d(AT(0), AT(8000));
    kws_dscnn_int8_11_fully_connected(AT(8000), AT(128), AT(0));
    kws_dscnn_int8_12_softmax(AT(128), AT(0));
}
