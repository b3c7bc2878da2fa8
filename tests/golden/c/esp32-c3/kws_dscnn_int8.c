/* kws_dscnn_int8.c: kws_dscnn_int8, compiled by limen 0.1.0 for esp32-c3. */
#include "kws_dscnn_int8.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* In the .S file: all output channels of a few positions. */
void limen_rv32_tile6(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters);

/* Columns of a row of which some lie outside and count as fill. */
static inline void limen_strip(int8_t *strip, const int8_t *row, int32_t column, int32_t columns, int32_t width,
                               int32_t depth, int32_t fill)
{
    const int32_t first = column < 0 ? 0 : column > width ? width : column;
    const int32_t end = column + columns > width ? width : column + columns;
    const int32_t inside = end > first ? end - first : 0;
    const int32_t before = first - column > columns ? columns : first - column;
    memset(strip, fill, (size_t)(columns * depth));
    memcpy(strip + before * depth, row + first * depth, (size_t)(inside * depth));
}

/* In the .S file: positions of a row of a depthwise convolution. */
void limen_rv32_depthwise_64_5_3_3_1_1_1_5(const int8_t *const *rows, const uint8_t *stream, int8_t *y,
    const int32_t *parameters);

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* What weights plus 128 add to the sums of two channels in a word, up to each second code. */
static void limen_prefix(const int8_t *x, int32_t pairs, int32_t *prefix)
{
    uint32_t sum = 0;
    prefix[0] = 0;
    for (int32_t i = 0; i < pairs; ++i) {
        sum += (uint32_t)(x[2 * i] + x[2 * i + 1]);
        prefix[i + 1] = (int32_t)(sum * 0x00800080u);
    }
}

/* In the .S file: all output channels of one position. */
void limen_rv32_vector(const int8_t *x, const int32_t *prefix, const uint8_t *stream, int8_t *y,
    const int32_t *parameters);

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
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_00_conv2d_stream[3600] = {
    /* sha256 5c0bca5574aa72bd3aba5dc03215b7be */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_00_conv2d_parameters[5] = {
    /* sha256 b2d0f062bdea327c12569e43388a1824 */
};

static int32_t *kws_dscnn_int8_00_conv2d_gather6(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 1; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[1 + c];
        const int32_t v2 = x[2 + c];
        const int32_t v3 = x[3 + c];
        const int32_t v4 = x[4 + c];
        const int32_t v5 = x[5 + c];
        const int32_t v6 = x[6 + c];
        const int32_t v7 = x[7 + c];
        const int32_t v8 = x[8 + c];
        const int32_t v9 = x[9 + c];
        const int32_t v10 = x[10 + c];
        const int32_t v11 = x[11 + c];
        const int32_t v12 = x[12 + c];
        const int32_t v13 = x[13 + c];
        patch[0] = v0 + v2 * 65536;
        patch[1] = v4 + v6 * 65536;
        patch[2] = v8 + v10 * 65536;
        patch[3] = v1 + v3 * 65536;
        patch[4] = v5 + v7 * 65536;
        patch[5] = v9 + v11 * 65536;
        patch[6] = v2 + v4 * 65536;
        patch[7] = v6 + v8 * 65536;
        patch[8] = v10 + v12 * 65536;
        patch[9] = v3 + v5 * 65536;
        patch[10] = v7 + v9 * 65536;
        patch[11] = v11 + v13 * 65536;
        patch += 12;
    }
    return patch;
}

static void kws_dscnn_int8_00_conv2d_patch6(const int8_t *const *x0, int32_t column, int32_t *patch, int8_t *strip)
{
    for (int32_t ky = 0; ky < 10; ++ky) {
        const int8_t *const x = strip;
        limen_strip(strip, x0[ky], column, 14, 10, 1, 83);
        patch = kws_dscnn_int8_00_conv2d_gather6(x, patch);
    }
}

static void kws_dscnn_int8_00_conv2d_tile6(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch, int8_t *strip)
{
    kws_dscnn_int8_00_conv2d_patch6(x0, at * 2 - 1, patch, strip);
    limen_rv32_tile6(patch, kws_dscnn_int8_00_conv2d_stream, y, kws_dscnn_int8_00_conv2d_parameters);
}

static void kws_dscnn_int8_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    int8_t *const strip = (int8_t *)scratch + 480;
    int8_t *const edge = (int8_t *)scratch + 496;
    kws_dscnn_int8_00_conv2d_tile6(x0, 0, edge, patch, strip);
    memcpy(y0 + 0, edge, 320u);
}

LIMEN_LAYER static void kws_dscnn_int8_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 880);
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
/* biases, weights and rescaling by channel, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_01_depthwise_conv2d_stream[1792] = {
    /* sha256 514a588731b0f26ade9139b0b7cc08d2 */
};

/* range of codes, rounding, number of channels */
static const int32_t kws_dscnn_int8_01_depthwise_conv2d_parameters[4] = {
    /* sha256 656c1d49bc7c8ed3a804a24e763a71f5 */
};

static void kws_dscnn_int8_01_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    limen_rv32_depthwise_64_5_3_3_1_1_1_5(x0, kws_dscnn_int8_01_depthwise_conv2d_stream, y0, kws_dscnn_int8_01_depthwise_conv2d_parameters);
}

LIMEN_LAYER static void kws_dscnn_int8_01_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_01_depthwise_conv2d_row(rows0, y0 + y * 320);
    }
}

/* Layer 2: Conv2D functional_1/conv2d_1/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_02_conv2d_stream[5328] = {
    /* sha256 9bb6b4d9a80f9d430a04e9e76fdeaf16 */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_02_conv2d_parameters[5] = {
    /* sha256 b2d0f062bdea327c12569e43388a1824 */
};

static int32_t *kws_dscnn_int8_02_conv2d_gather6(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 64; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[64 + c];
        const int32_t v2 = x[128 + c];
        const int32_t v3 = x[192 + c];
        const int32_t v4 = x[256 + c];
        const int32_t v5 = x[320 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v4 + v5 * 65536;
        patch += 3;
    }
    return patch;
}

static void kws_dscnn_int8_02_conv2d_patch6(const int8_t *const *x0, int32_t column, int32_t *patch)
{
    for (int32_t ky = 0; ky < 1; ++ky) {
        patch = kws_dscnn_int8_02_conv2d_gather6(x0[ky] + column * 64, patch);
    }
}

static void kws_dscnn_int8_02_conv2d_tile6(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch)
{
    kws_dscnn_int8_02_conv2d_patch6(x0, at, patch);
    limen_rv32_tile6(patch, kws_dscnn_int8_02_conv2d_stream, y, kws_dscnn_int8_02_conv2d_parameters);
}

static void kws_dscnn_int8_02_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    for (int32_t at = 0; at < 120; at += 6) {
        kws_dscnn_int8_02_conv2d_tile6(x0, at, y0 + at * 64, patch);
    }
    kws_dscnn_int8_02_conv2d_tile6(x0, 119, y0 + 7616, patch);
}

LIMEN_LAYER static void kws_dscnn_int8_02_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_02_conv2d_row(rows0, y0, scratch);
}

/* Layer 3: DepthwiseConv2D functional_1/depthwise_conv2d_1/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* biases, weights and rescaling by channel, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_03_depthwise_conv2d_stream[1792] = {
    /* sha256 9c777e0b413bfd7223c7af27cbc9ed30 */
};

/* range of codes, rounding, number of channels */
static const int32_t kws_dscnn_int8_03_depthwise_conv2d_parameters[4] = {
    /* sha256 656c1d49bc7c8ed3a804a24e763a71f5 */
};

static void kws_dscnn_int8_03_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    limen_rv32_depthwise_64_5_3_3_1_1_1_5(x0, kws_dscnn_int8_03_depthwise_conv2d_stream, y0, kws_dscnn_int8_03_depthwise_conv2d_parameters);
}

LIMEN_LAYER static void kws_dscnn_int8_03_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_03_depthwise_conv2d_row(rows0, y0 + y * 320);
    }
}

/* Layer 4: Conv2D functional_1/conv2d_2/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_04_conv2d_stream[5344] = {
    /* sha256 f0887e89135243a1c4674917360312ed */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_04_conv2d_parameters[5] = {
    /* sha256 b2d0f062bdea327c12569e43388a1824 */
};

static int32_t *kws_dscnn_int8_04_conv2d_gather6(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 64; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[64 + c];
        const int32_t v2 = x[128 + c];
        const int32_t v3 = x[192 + c];
        const int32_t v4 = x[256 + c];
        const int32_t v5 = x[320 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v4 + v5 * 65536;
        patch += 3;
    }
    return patch;
}

static void kws_dscnn_int8_04_conv2d_patch6(const int8_t *const *x0, int32_t column, int32_t *patch)
{
    for (int32_t ky = 0; ky < 1; ++ky) {
        patch = kws_dscnn_int8_04_conv2d_gather6(x0[ky] + column * 64, patch);
    }
}

static void kws_dscnn_int8_04_conv2d_tile6(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch)
{
    kws_dscnn_int8_04_conv2d_patch6(x0, at, patch);
    limen_rv32_tile6(patch, kws_dscnn_int8_04_conv2d_stream, y, kws_dscnn_int8_04_conv2d_parameters);
}

static void kws_dscnn_int8_04_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    for (int32_t at = 0; at < 120; at += 6) {
        kws_dscnn_int8_04_conv2d_tile6(x0, at, y0 + at * 64, patch);
    }
    kws_dscnn_int8_04_conv2d_tile6(x0, 119, y0 + 7616, patch);
}

LIMEN_LAYER static void kws_dscnn_int8_04_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_04_conv2d_row(rows0, y0, scratch);
}

/* Layer 5: DepthwiseConv2D functional_1/depthwise_conv2d_2/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* biases, weights and rescaling by channel, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_05_depthwise_conv2d_stream[1792] = {
    /* sha256 39f5aaa1a858ba4186e15ae9257d09dd */
};

/* range of codes, rounding, number of channels */
static const int32_t kws_dscnn_int8_05_depthwise_conv2d_parameters[4] = {
    /* sha256 656c1d49bc7c8ed3a804a24e763a71f5 */
};

static void kws_dscnn_int8_05_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    limen_rv32_depthwise_64_5_3_3_1_1_1_5(x0, kws_dscnn_int8_05_depthwise_conv2d_stream, y0, kws_dscnn_int8_05_depthwise_conv2d_parameters);
}

LIMEN_LAYER static void kws_dscnn_int8_05_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_05_depthwise_conv2d_row(rows0, y0 + y * 320);
    }
}

/* Layer 6: Conv2D functional_1/conv2d_3/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_06_conv2d_stream[5328] = {
    /* sha256 d3f489f8105db612d58f15846cf5e931 */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_06_conv2d_parameters[5] = {
    /* sha256 b2d0f062bdea327c12569e43388a1824 */
};

static int32_t *kws_dscnn_int8_06_conv2d_gather6(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 64; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[64 + c];
        const int32_t v2 = x[128 + c];
        const int32_t v3 = x[192 + c];
        const int32_t v4 = x[256 + c];
        const int32_t v5 = x[320 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v4 + v5 * 65536;
        patch += 3;
    }
    return patch;
}

static void kws_dscnn_int8_06_conv2d_patch6(const int8_t *const *x0, int32_t column, int32_t *patch)
{
    for (int32_t ky = 0; ky < 1; ++ky) {
        patch = kws_dscnn_int8_06_conv2d_gather6(x0[ky] + column * 64, patch);
    }
}

static void kws_dscnn_int8_06_conv2d_tile6(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch)
{
    kws_dscnn_int8_06_conv2d_patch6(x0, at, patch);
    limen_rv32_tile6(patch, kws_dscnn_int8_06_conv2d_stream, y, kws_dscnn_int8_06_conv2d_parameters);
}

static void kws_dscnn_int8_06_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    for (int32_t at = 0; at < 120; at += 6) {
        kws_dscnn_int8_06_conv2d_tile6(x0, at, y0 + at * 64, patch);
    }
    kws_dscnn_int8_06_conv2d_tile6(x0, 119, y0 + 7616, patch);
}

LIMEN_LAYER static void kws_dscnn_int8_06_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    kws_dscnn_int8_06_conv2d_row(rows0, y0, scratch);
}

/* Layer 7: DepthwiseConv2D functional_1/depthwise_conv2d_3/BiasAdd/ReadVariableOp/resource1
 * int8[1,25,5,64], int8[1,3,3,64], int32[64] -> int8[1,25,5,64]; 72000 multiply-accumulates */
/* biases, weights and rescaling by channel, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_07_depthwise_conv2d_stream[1792] = {
    /* sha256 dc3a90fa868e34e68b8fcd82ebd5c0cf */
};

/* range of codes, rounding, number of channels */
static const int32_t kws_dscnn_int8_07_depthwise_conv2d_parameters[4] = {
    /* sha256 656c1d49bc7c8ed3a804a24e763a71f5 */
};

static void kws_dscnn_int8_07_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    limen_rv32_depthwise_64_5_3_3_1_1_1_5(x0, kws_dscnn_int8_07_depthwise_conv2d_stream, y0, kws_dscnn_int8_07_depthwise_conv2d_parameters);
}

LIMEN_LAYER static void kws_dscnn_int8_07_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 320u);
    for (int32_t y = 0; y < 25; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 25) ? x0 + r * 320 : pad;
        }
        kws_dscnn_int8_07_depthwise_conv2d_row(rows0, y0 + y * 320);
    }
}

/* Layer 8: Conv2D functional_1/conv2d_4/Conv2D1
 * int8[1,25,5,64], int8[64,1,1,64], int32[64] -> int8[1,25,5,64]; 512000 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_08_conv2d_stream[5280] = {
    /* sha256 2b41ef2aeb4b260cfd7c2bfc012062f7 */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_08_conv2d_parameters[5] = {
    /* sha256 b2d0f062bdea327c12569e43388a1824 */
};

static int32_t *kws_dscnn_int8_08_conv2d_gather6(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 64; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[64 + c];
        const int32_t v2 = x[128 + c];
        const int32_t v3 = x[192 + c];
        const int32_t v4 = x[256 + c];
        const int32_t v5 = x[320 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v4 + v5 * 65536;
        patch += 3;
    }
    return patch;
}

static void kws_dscnn_int8_08_conv2d_patch6(const int8_t *const *x0, int32_t column, int32_t *patch)
{
    for (int32_t ky = 0; ky < 1; ++ky) {
        patch = kws_dscnn_int8_08_conv2d_gather6(x0[ky] + column * 64, patch);
    }
}

static void kws_dscnn_int8_08_conv2d_tile6(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch)
{
    kws_dscnn_int8_08_conv2d_patch6(x0, at, patch);
    limen_rv32_tile6(patch, kws_dscnn_int8_08_conv2d_stream, y, kws_dscnn_int8_08_conv2d_parameters);
}

static void kws_dscnn_int8_08_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    for (int32_t at = 0; at < 120; at += 6) {
        kws_dscnn_int8_08_conv2d_tile6(x0, at, y0 + at * 64, patch);
    }
    kws_dscnn_int8_08_conv2d_tile6(x0, 119, y0 + 7616, patch);
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
/* biases, rescaling and weights, channels in blocks, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t kws_dscnn_int8_11_fully_connected_stream[1216] = {
    /* sha256 961517cf9e44f0278f42a383abc146c0 */
};

/* range of codes, rounding, number of blocks */
static const int32_t kws_dscnn_int8_11_fully_connected_parameters[4] = {
    /* sha256 9088fff077767bff84ffb371ccce3211 */
};

/* the same, of the last block, which repeats channels of the one before */
static const int32_t kws_dscnn_int8_11_fully_connected_last[4] = {
    /* sha256 9088fff077767bff84ffb371ccce3211 */
};

LIMEN_LAYER static void kws_dscnn_int8_11_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    int32_t *const prefix = scratch;
    limen_prefix(x0, 32, prefix);
    limen_rv32_vector(x0, prefix, kws_dscnn_int8_11_fully_connected_stream, y0, kws_dscnn_int8_11_fully_connected_parameters);
    limen_rv32_vector(x0, prefix, kws_dscnn_int8_11_fully_connected_stream + 608, y0 + 4, kws_dscnn_int8_11_fully_connected_last);
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
    kws_dscnn_int8_00_conv2d(AT(8892), AT(0), AT(8000));
    kws_dscnn_int8_01_depthwise_conv2d(AT(0), AT(8000), AT(16000));
    kws_dscnn_int8_02_conv2d(AT(8000), AT(0), AT(16000));
    kws_dscnn_int8_03_depthwise_conv2d(AT(0), AT(8000), AT(16000));
    kws_dscnn_int8_04_conv2d(AT(8000), AT(0), AT(16000));
    kws_dscnn_int8_05_depthwise_conv2d(AT(0), AT(8000), AT(16000));
    kws_dscnn_int8_06_conv2d(AT(8000), AT(0), AT(16000));
    kws_dscnn_int8_07_depthwise_conv2d(AT(0), AT(8000), AT(16000));
    kws_dscnn_int8_08_conv2d(AT(8000), AT(0), AT(16000));
    kws_dscnn_int8_09_average_pool2d(AT(0), AT(8000));
    kws_dscnn_int8_11_fully_connected(AT(8000), AT(132), AT(0));
    kws_dscnn_int8_12_softmax(AT(132), AT(0));
}
