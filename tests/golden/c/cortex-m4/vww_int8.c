/* vww_int8.c: vww_int8, compiled by limen 0.1.0 for cortex-m4. */
#include "vww_int8.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* Widens words * 4 elements of two positions into int16 pairs, side by side; returns the end. */
extern uint32_t *limen_expand_pair(uint32_t *to, const int8_t *a, const int8_t *b, int32_t words);

/* Widens 9 elements of each of 3 rows for two positions into int16 pairs, odd ends last. */
extern void limen_expand_bytes_3x9(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b);

/* Two positions by four output channels a pass, sums of 28 elements. */
extern void limen_quad_28_s12_x13_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 48 positions, four channels a group. */
extern void limen_depthwise_8x48to48_1_1_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Widens 8 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_2(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 8 elements. */
extern void limen_quad_8_s12_x3_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 24 positions, four channels a group. */
extern void limen_depthwise_16x48to24_2_0_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Widens 16 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_4(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 16 elements. */
extern void limen_quad_16_s12_x7_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 24 positions, four channels a group. */
extern void limen_depthwise_32x24to24_1_1_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Widens 32 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_8(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 32 elements. */
extern void limen_quad_32_s12_x15_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 12 positions, four channels a group. */
extern void limen_depthwise_32x24to12_2_0_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Two positions by four output channels a pass, sums of 32 elements. */
extern void limen_quad_32_s12_x5_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 12 positions, four channels a group. */
extern void limen_depthwise_64x12to12_1_1_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Widens 64 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_16(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 64 elements. */
extern void limen_quad_64_s12_x31(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
extern void limen_depthwise_60x12to6_2_0_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Two positions by four output channels a pass, sums of 60 elements. */
extern void limen_quad_60_s12_x7(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
extern void limen_depthwise_108x6to6_1_1_s8_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Two positions by four output channels a pass, sums of 108 elements. */
extern void limen_quad_108_s12_x4(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
extern void limen_depthwise_60x6to6_1_1_s11_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Two positions by four output channels a pass, sums of 60 elements. */
extern void limen_quad_60_s12_x7_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
extern void limen_depthwise_32x6to6_1_1_s11_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* A row of a 3x3 depthwise convolution, 6 positions, four channels a group. */
extern void limen_depthwise_20x6to6_1_1_s12_z128(const int8_t *const *rows, const void *stream,
    int8_t *out, void *scratch, int32_t groups);

/* Two positions by four output channels a pass, sums of 20 elements. */
extern void limen_quad_20_s12_x9_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* A window along a row: its taps, their distance, positions and channels of the input, words of a tap. */
typedef struct {
    int32_t taps_y, taps_x, dilation, width_in, channels, words;
} limen_window;

/* Addresses of the taps of the window whose first column is left; outside the input they are padding. */
LIMEN_LAYER static void limen_window_taps(const int8_t **tap, const int8_t *const *rows, const int8_t *padding,
    int32_t left, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        int32_t at = left;
        for (int32_t kx = 0; kx < w->taps_x; ++kx, at += w->dilation) {
            *tap++ = (at >= 0 && at < w->width_in) ? rows[ky] + at * w->channels : padding;
        }
    }
    *tap = padding;
}

/* One position of a depthwise convolution of 10 taps, channels [first, end) in fours. */
extern void limen_taps_10_s0(const int8_t *const *taps, const void *stream, int32_t first,
    int32_t end, int8_t *out);

/* Two positions by four output channels a pass, sums of 16 elements. */
extern void limen_quad_16_s13_x7_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Two positions by four output channels a pass, sums of 28 elements. */
extern void limen_quad_28_s14_x6_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* One position by four output channels a pass, sums of 28 elements. */
extern void limen_quad_28_s14_wide_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* One position by four output channels a pass, sums of 32 elements. */
extern void limen_quad_32_s12_wide_one(const uint32_t *columns, const void *stream, int8_t *out,
    const int8_t *end);

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Widens words * 4 elements into int16 pairs: elements 0 and 2, 1 and 3 of each four. */
extern void limen_expand(uint32_t *to, const int8_t *from, int32_t words);

/* Four outputs a pass, sums of 24 elements of int16. */
extern void limen_product_24_s12_uniform_x4(const void *x, const void *stream, int8_t *out,
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

/* Layer 0: Conv2D model/conv2d/Conv2D1
 * int8[1,96,96,3], int8[8,3,3,3], int32[8] -> int8[1,48,48,8]; 497664 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_00_conv2d_stream[136] = {
    /* sha256 bbb645c4ad21740ad0b9e26783a22858 */
};

/* The bytes of the window at a position, odd ends of the rows last. */
LIMEN_LAYER static void vww_int8_00_conv2d_gather(const int8_t *const *x0, int32_t position, int8_t *to)
{
    const int32_t left = position * 2;
    for (int32_t ky = 0; ky < 3; ++ky) {
        int32_t i = 0;
        for (int32_t kx = 0; kx < 3; ++kx) {
            const int32_t at = left + kx;
            for (int32_t c = 0; c < 3; ++c, ++i) {
                const int32_t place = i < 8 ? ky * 8 + i : 24 + ky * 1 + i - 8;
                to[place] = (at >= 0 && at < 96) ? x0[ky][at * 3 + c] : -128;
            }
        }
    }
}

static void vww_int8_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 48; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 8;
        int8_t *const at_b = y0 + b * 8;
        if (a >= 0 && b < 47) {
            limen_expand_bytes_3x9(columns, x0, a * 6, b * 6);
        } else {
            int8_t *const bytes = (int8_t *)(columns + 28);
            vww_int8_00_conv2d_gather(x0, a, bytes);
            vww_int8_00_conv2d_gather(x0, b, bytes + 28);
            limen_expand_pair(columns, bytes, bytes + 28, 7);
        }
        limen_quad_28_s12_x13_wide(columns, vww_int8_00_conv2d_stream, at_a, at_b, at_a + 8);
    }
}

LIMEN_LAYER static void vww_int8_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 176);
    memset(pad, -128, 288u);
    for (int32_t y = 0; y < 48; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 96) ? x0 + r * 288 : pad;
        }
        vww_int8_00_conv2d_row(rows0, y0 + y * 384, scratch);
    }
}

/* Layer 1: DepthwiseConv2D model/depthwise_conv2d/BiasAdd/ReadVariableOp/resource1
 * int8[1,48,48,8], int8[1,3,3,8], int32[8] -> int8[1,48,48,8]; 165888 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_01_depthwise_conv2d_stream[64] = {
    /* sha256 9847e4527621c93b46943b33345e666b */
};

static void vww_int8_01_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_8x48to48_1_1_s12_z128(x0, vww_int8_01_depthwise_conv2d_stream, y0, scratch, 2);
}

LIMEN_LAYER static void vww_int8_01_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1200);
    memset(pad, -128, 384u);
    for (int32_t y = 0; y < 48; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 48) ? x0 + r * 384 : pad;
        }
        vww_int8_01_depthwise_conv2d_row(rows0, y0 + y * 384, scratch);
    }
}

/* Layer 2: Conv2D model/conv2d_1/Conv2D1
 * int8[1,48,48,8], int8[16,1,1,8], int32[16] -> int8[1,48,48,16]; 294912 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_02_conv2d_stream[112] = {
    /* sha256 439b48c42cf868bd2c5b0c45c9f4a555 */
};

static void vww_int8_02_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 2304; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        limen_expand_rows_2(columns, x0, a * 8, b * 8, 1);
        limen_quad_8_s12_x3_wide(columns, vww_int8_02_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void vww_int8_02_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_02_conv2d_row(rows0, y0, scratch);
}

/* Layer 3: DepthwiseConv2D model/depthwise_conv2d_1/BiasAdd/ReadVariableOp/resource1
 * int8[1,48,48,16], int8[1,3,3,16], int32[16] -> int8[1,24,24,16]; 82944 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_03_depthwise_conv2d_stream[128] = {
    /* sha256 16b9a359f36696ab00fbba6131dfb8b2 */
};

static void vww_int8_03_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_16x48to24_2_0_s12_z128(x0, vww_int8_03_depthwise_conv2d_stream, y0, scratch, 4);
}

LIMEN_LAYER static void vww_int8_03_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1200);
    memset(pad, -128, 768u);
    for (int32_t y = 0; y < 24; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 48) ? x0 + r * 768 : pad;
        }
        vww_int8_03_depthwise_conv2d_row(rows0, y0 + y * 384, scratch);
    }
}

/* Layer 4: Conv2D model/conv2d_2/Conv2D1
 * int8[1,24,24,16], int8[32,1,1,16], int32[32] -> int8[1,24,24,32]; 294912 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_04_conv2d_stream[352] = {
    /* sha256 535d6754c6c2d9719f3713a65dc6f0c8 */
};

static void vww_int8_04_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 576; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        limen_expand_rows_4(columns, x0, a * 16, b * 16, 1);
        limen_quad_16_s12_x7_wide(columns, vww_int8_04_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void vww_int8_04_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_04_conv2d_row(rows0, y0, scratch);
}

/* Layer 5: DepthwiseConv2D model/depthwise_conv2d_2/BiasAdd/ReadVariableOp/resource1
 * int8[1,24,24,32], int8[1,3,3,32], int32[32] -> int8[1,24,24,32]; 165888 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_05_depthwise_conv2d_stream[256] = {
    /* sha256 addcb9e31ea53fc6f12e8d2d74e84e7d */
};

static void vww_int8_05_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_32x24to24_1_1_s12_z128(x0, vww_int8_05_depthwise_conv2d_stream, y0, scratch, 8);
}

LIMEN_LAYER static void vww_int8_05_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 624);
    memset(pad, -128, 768u);
    for (int32_t y = 0; y < 24; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 24) ? x0 + r * 768 : pad;
        }
        vww_int8_05_depthwise_conv2d_row(rows0, y0 + y * 768, scratch);
    }
}

/* Layer 6: Conv2D model/conv2d_3/Conv2D1
 * int8[1,24,24,32], int8[32,1,1,32], int32[32] -> int8[1,24,24,32]; 589824 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_06_conv2d_stream[608] = {
    /* sha256 6ad99716d11c79d4d37c0596b7651621 */
};

static void vww_int8_06_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 576; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        limen_expand_rows_8(columns, x0, a * 32, b * 32, 1);
        limen_quad_32_s12_x15_wide(columns, vww_int8_06_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void vww_int8_06_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_06_conv2d_row(rows0, y0, scratch);
}

/* Layer 7: DepthwiseConv2D model/depthwise_conv2d_3/BiasAdd/ReadVariableOp/resource1
 * int8[1,24,24,32], int8[1,3,3,32], int32[32] -> int8[1,12,12,32]; 41472 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_07_depthwise_conv2d_stream[256] = {
    /* sha256 c9d0501b92b86337b2cd4833d9702b9f */
};

static void vww_int8_07_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_32x24to12_2_0_s12_z128(x0, vww_int8_07_depthwise_conv2d_stream, y0, scratch, 8);
}

LIMEN_LAYER static void vww_int8_07_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 624);
    memset(pad, -128, 768u);
    for (int32_t y = 0; y < 12; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 24) ? x0 + r * 768 : pad;
        }
        vww_int8_07_depthwise_conv2d_row(rows0, y0 + y * 384, scratch);
    }
}

/* Layer 8: Conv2D model/conv2d_4/Conv2D1
 * int8[1,12,12,32], int8[64,1,1,32], int32[64] -> int8[1,12,12,64]; 294912 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_08_conv2d_stream[1216] = {
    /* sha256 9c4479056406c6af13a0301f6f2f5888 */
};

static void vww_int8_08_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 144; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_8(columns, x0, a * 32, b * 32, 1);
        limen_quad_32_s12_x5_wide(columns, vww_int8_08_conv2d_stream, at_a, at_b, at_a + 64);
    }
}

LIMEN_LAYER static void vww_int8_08_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_08_conv2d_row(rows0, y0, scratch);
}

/* Layer 9: DepthwiseConv2D model/depthwise_conv2d_4/BiasAdd/ReadVariableOp/resource1
 * int8[1,12,12,64], int8[1,3,3,64], int32[64] -> int8[1,12,12,64]; 82944 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_09_depthwise_conv2d_stream[512] = {
    /* sha256 8f49812faa0e8e6d1067134862f3e8fc */
};

static void vww_int8_09_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_64x12to12_1_1_s12_z128(x0, vww_int8_09_depthwise_conv2d_stream, y0, scratch, 16);
}

LIMEN_LAYER static void vww_int8_09_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 336);
    memset(pad, -128, 768u);
    for (int32_t y = 0; y < 12; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 12) ? x0 + r * 768 : pad;
        }
        vww_int8_09_depthwise_conv2d_row(rows0, y0 + y * 768, scratch);
    }
}

/* Layer 10: Conv2D model/conv2d_5/Conv2D1
 * int8[1,12,12,64], int8[60,1,1,64], int32[60] -> int8[1,12,12,60]; 552960 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_10_conv2d_stream[1140] = {
    /* sha256 c28786018a35b591ea0e831995748d3e */
};

static void vww_int8_10_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 144; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 60;
        int8_t *const at_b = y0 + b * 60;
        limen_expand_rows_16(columns, x0, a * 64, b * 64, 1);
        limen_quad_64_s12_x31(columns, vww_int8_10_conv2d_stream, at_a, at_b, at_a + 60);
    }
}

LIMEN_LAYER static void vww_int8_10_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_10_conv2d_row(rows0, y0, scratch);
}

/* Layer 11: DepthwiseConv2D model/depthwise_conv2d_5/BiasAdd/ReadVariableOp/resource1
 * int8[1,12,12,60], int8[1,3,3,60], int32[60] -> int8[1,6,6,60]; 19440 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_11_depthwise_conv2d_stream[480] = {
    /* sha256 26a93a08884a27486fea3dc80e31be6b */
};

static void vww_int8_11_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_60x12to6_2_0_s12_z128(x0, vww_int8_11_depthwise_conv2d_stream, y0, scratch, 15);
}

LIMEN_LAYER static void vww_int8_11_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 336);
    memset(pad, -128, 720u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 12) ? x0 + r * 720 : pad;
        }
        vww_int8_11_depthwise_conv2d_row(rows0, y0 + y * 360, scratch);
    }
}

/* Layer 12: Conv2D model/conv2d_6/Conv2D1
 * int8[1,6,6,60], int8[108,1,1,60], int32[108] -> int8[1,6,6,108]; 233280 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_12_conv2d_stream[1944] = {
    /* sha256 abaf92fca6930368207ed64de61ff8b0 */
};

static void vww_int8_12_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 108;
        int8_t *const at_b = y0 + b * 108;
        limen_expand_pair(columns, x0[0] + a * 60, x0[0] + b * 60, 15);
        limen_quad_60_s12_x7(columns, vww_int8_12_conv2d_stream, at_a, at_b, at_a + 108);
    }
}

LIMEN_LAYER static void vww_int8_12_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_12_conv2d_row(rows0, y0, scratch);
}

/* Layer 13: DepthwiseConv2D model/depthwise_conv2d_6/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,108], int8[1,3,3,108], int32[108] -> int8[1,6,6,108]; 34992 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_13_depthwise_conv2d_stream[864] = {
    /* sha256 73bad8af58308374fc3a5e4d4917f1ea */
};

static void vww_int8_13_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_108x6to6_1_1_s8_z128(x0, vww_int8_13_depthwise_conv2d_stream, y0, scratch, 27);
}

LIMEN_LAYER static void vww_int8_13_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 648u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 648 : pad;
        }
        vww_int8_13_depthwise_conv2d_row(rows0, y0 + y * 648, scratch);
    }
}

/* Layer 14: Conv2D model/conv2d_7/Conv2D1
 * int8[1,6,6,108], int8[60,1,1,108], int32[60] -> int8[1,6,6,60]; 233280 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_14_conv2d_stream[1800] = {
    /* sha256 b6757439cc440957c5740794dc2bda4b */
};

static void vww_int8_14_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 60;
        int8_t *const at_b = y0 + b * 60;
        limen_expand_pair(columns, x0[0] + a * 108, x0[0] + b * 108, 27);
        limen_quad_108_s12_x4(columns, vww_int8_14_conv2d_stream, at_a, at_b, at_a + 60);
    }
}

LIMEN_LAYER static void vww_int8_14_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_14_conv2d_row(rows0, y0, scratch);
}

/* Layer 15: DepthwiseConv2D model/depthwise_conv2d_7/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,60], int8[1,3,3,60], int32[60] -> int8[1,6,6,60]; 19440 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_15_depthwise_conv2d_stream[480] = {
    /* sha256 21bea0ed40237b58a5963eb9f5018173 */
};

static void vww_int8_15_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_60x6to6_1_1_s11_z128(x0, vww_int8_15_depthwise_conv2d_stream, y0, scratch, 15);
}

LIMEN_LAYER static void vww_int8_15_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 360u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 360 : pad;
        }
        vww_int8_15_depthwise_conv2d_row(rows0, y0 + y * 360, scratch);
    }
}

/* Layer 16: Conv2D model/conv2d_8/Conv2D1
 * int8[1,6,6,60], int8[32,1,1,60], int32[32] -> int8[1,6,6,32]; 69120 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_16_conv2d_stream[1056] = {
    /* sha256 43705a36396bcf1061de029efeb03623 */
};

static void vww_int8_16_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        limen_expand_pair(columns, x0[0] + a * 60, x0[0] + b * 60, 15);
        limen_quad_60_s12_x7_wide(columns, vww_int8_16_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void vww_int8_16_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_16_conv2d_row(rows0, y0, scratch);
}

/* Layer 17: DepthwiseConv2D model/depthwise_conv2d_8/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,32], int8[1,3,3,32], int32[32] -> int8[1,6,6,32]; 10368 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_17_depthwise_conv2d_stream[256] = {
    /* sha256 a70a482f25bbf008a93f8398512c1a0b */
};

static void vww_int8_17_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_32x6to6_1_1_s11_z128(x0, vww_int8_17_depthwise_conv2d_stream, y0, scratch, 8);
}

LIMEN_LAYER static void vww_int8_17_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 192u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 192 : pad;
        }
        vww_int8_17_depthwise_conv2d_row(rows0, y0 + y * 192, scratch);
    }
}

/* Layer 18: Conv2D model/conv2d_9/Conv2D1
 * int8[1,6,6,32], int8[20,1,1,32], int32[20] -> int8[1,6,6,20]; 23040 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_18_conv2d_stream[380] = {
    /* sha256 8811ef8bf4117cfbbc66f8c3e3279061 */
};

static void vww_int8_18_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 20;
        int8_t *const at_b = y0 + b * 20;
        limen_expand_rows_8(columns, x0, a * 32, b * 32, 1);
        limen_quad_32_s12_x5_wide(columns, vww_int8_18_conv2d_stream, at_a, at_b, at_a + 20);
    }
}

LIMEN_LAYER static void vww_int8_18_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_18_conv2d_row(rows0, y0, scratch);
}

/* Layer 19: DepthwiseConv2D model/depthwise_conv2d_9/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,20], int8[1,3,3,20], int32[20] -> int8[1,6,6,20]; 6480 multiply-accumulates */
/* weights, bias and rescaling by channel */
static const int32_t vww_int8_19_depthwise_conv2d_stream[160] = {
    /* sha256 aaf448b703d9eb97387c2b66d5532cbd */
};

static void vww_int8_19_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    limen_depthwise_20x6to6_1_1_s12_z128(x0, vww_int8_19_depthwise_conv2d_stream, y0, scratch, 5);
}

LIMEN_LAYER static void vww_int8_19_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 192);
    memset(pad, -128, 120u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 120 : pad;
        }
        vww_int8_19_depthwise_conv2d_row(rows0, y0 + y * 120, scratch);
    }
}

/* Layer 20: Conv2D model/conv2d_10/Conv2D1
 * int8[1,6,6,20], int8[16,1,1,20], int32[16] -> int8[1,6,6,16]; 11520 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_20_conv2d_stream[208] = {
    /* sha256 d5aed6c8a03b523ab7f964a96f055cb1 */
};

static void vww_int8_20_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        limen_expand_pair(columns, x0[0] + a * 20, x0[0] + b * 20, 5);
        limen_quad_20_s12_x9_wide(columns, vww_int8_20_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void vww_int8_20_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_20_conv2d_row(rows0, y0, scratch);
}

/* Layer 21: DepthwiseConv2D model/depthwise_conv2d_10/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,16], int8[1,3,3,16], int32[16] -> int8[1,6,6,16]; 5184 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t vww_int8_21_depthwise_conv2d_stream[144] = {
    /* sha256 c8fd59ad791c4d85c4ce38440cd6b406 */
};

/* outside the input */
_Alignas(4) static const int8_t vww_int8_21_depthwise_conv2d_padding[16] = {
    /* sha256 9ff3a05a28de74ec08874ed8de797171 */
};

static const limen_window vww_int8_21_depthwise_conv2d_window = {3, 3, 1, 6, 16, 4};

static void vww_int8_21_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 6; ++x) {
        limen_window_taps(taps, x0, vww_int8_21_depthwise_conv2d_padding, x - 1, &vww_int8_21_depthwise_conv2d_window);
        limen_taps_10_s0(taps, vww_int8_21_depthwise_conv2d_stream, 0, 16, y0 + x * 16);
    }
}

LIMEN_LAYER static void vww_int8_21_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 48);
    memset(pad, -128, 96u);
    for (int32_t y = 0; y < 6; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 96 : pad;
        }
        vww_int8_21_depthwise_conv2d_row(rows0, y0 + y * 96, scratch);
    }
}

/* Layer 22: Conv2D model/conv2d_11/Conv2D1
 * int8[1,6,6,16], int8[28,1,1,16], int32[28] -> int8[1,6,6,28]; 16128 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_22_conv2d_stream[308] = {
    /* sha256 1dbaa7abbf50f282e0631108c346aa30 */
};

static void vww_int8_22_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 36; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 28;
        int8_t *const at_b = y0 + b * 28;
        limen_expand_rows_4(columns, x0, a * 16, b * 16, 1);
        limen_quad_16_s13_x7_wide(columns, vww_int8_22_conv2d_stream, at_a, at_b, at_a + 28);
    }
}

LIMEN_LAYER static void vww_int8_22_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_22_conv2d_row(rows0, y0, scratch);
}

/* Layer 23: DepthwiseConv2D model/depthwise_conv2d_11/BiasAdd/ReadVariableOp/resource1
 * int8[1,6,6,28], int8[1,3,3,28], int32[28] -> int8[1,3,3,28]; 2268 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t vww_int8_23_depthwise_conv2d_stream[252] = {
    /* sha256 14545082ff6943200851295b0f811f4c */
};

/* outside the input */
_Alignas(4) static const int8_t vww_int8_23_depthwise_conv2d_padding[28] = {
    /* sha256 404007bc0520176f99372fd2241dd40a */
};

static const limen_window vww_int8_23_depthwise_conv2d_window = {3, 3, 1, 6, 28, 7};

static void vww_int8_23_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 3; ++x) {
        limen_window_taps(taps, x0, vww_int8_23_depthwise_conv2d_padding, x * 2, &vww_int8_23_depthwise_conv2d_window);
        limen_taps_10_s0(taps, vww_int8_23_depthwise_conv2d_stream, 0, 28, y0 + x * 28);
    }
}

LIMEN_LAYER static void vww_int8_23_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 48);
    memset(pad, -128, 168u);
    for (int32_t y = 0; y < 3; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 6) ? x0 + r * 168 : pad;
        }
        vww_int8_23_depthwise_conv2d_row(rows0, y0 + y * 84, scratch);
    }
}

/* Layer 24: Conv2D model/conv2d_12/Conv2D1
 * int8[1,3,3,28], int8[32,1,1,28], int32[32] -> int8[1,3,3,32]; 8064 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_24_conv2d_stream[544] = {
    /* sha256 089ae09fe2653b5ad04764af73e2aea3 */
};

static void vww_int8_24_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        limen_expand_pair(columns, x0[0] + a * 28, x0[0] + b * 28, 7);
        limen_quad_28_s14_x6_wide(columns, vww_int8_24_conv2d_stream, at_a, at_b, at_a + 32);
    }
    {
        const int32_t a = 8;
        const int32_t b = 8;
        int8_t *const at_a = y0 + a * 32;
        limen_expand_pair(columns, x0[0] + a * 28, x0[0] + b * 28, 7);
        limen_quad_28_s14_wide_one(columns, vww_int8_24_conv2d_stream, at_a, at_a + 32);
    }
}

LIMEN_LAYER static void vww_int8_24_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_24_conv2d_row(rows0, y0, scratch);
}

/* Layer 25: DepthwiseConv2D model/depthwise_conv2d_12/BiasAdd/ReadVariableOp/resource1
 * int8[1,3,3,32], int8[1,3,3,32], int32[32] -> int8[1,3,3,32]; 2592 multiply-accumulates */
/* biases, weights and rescaling by four channels */
static const int32_t vww_int8_25_depthwise_conv2d_stream[288] = {
    /* sha256 a60518f4aeb67fc62682d2681217984b */
};

/* outside the input */
_Alignas(4) static const int8_t vww_int8_25_depthwise_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window vww_int8_25_depthwise_conv2d_window = {3, 3, 1, 3, 32, 8};

static void vww_int8_25_depthwise_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    const int8_t **const taps = scratch;
    for (int32_t x = 0; x < 3; ++x) {
        limen_window_taps(taps, x0, vww_int8_25_depthwise_conv2d_padding, x - 1, &vww_int8_25_depthwise_conv2d_window);
        limen_taps_10_s0(taps, vww_int8_25_depthwise_conv2d_stream, 0, 32, y0 + x * 32);
    }
}

LIMEN_LAYER static void vww_int8_25_depthwise_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 48);
    memset(pad, -128, 96u);
    for (int32_t y = 0; y < 3; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 3) ? x0 + r * 96 : pad;
        }
        vww_int8_25_depthwise_conv2d_row(rows0, y0 + y * 96, scratch);
    }
}

/* Layer 26: Conv2D model/conv2d_13/Conv2D1
 * int8[1,3,3,32], int8[24,1,1,32], int32[24] -> int8[1,3,3,24]; 6912 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_26_conv2d_stream[456] = {
    /* sha256 da9354029d80d480b7523ff7d0d3381e */
};

static void vww_int8_26_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 24;
        int8_t *const at_b = y0 + b * 24;
        limen_expand_rows_8(columns, x0, a * 32, b * 32, 1);
        limen_quad_32_s12_x5_wide(columns, vww_int8_26_conv2d_stream, at_a, at_b, at_a + 24);
    }
    {
        const int32_t a = 8;
        const int32_t b = 8;
        int8_t *const at_a = y0 + a * 24;
        limen_expand_rows_8(columns, x0, a * 32, b * 32, 1);
        limen_quad_32_s12_wide_one(columns, vww_int8_26_conv2d_stream, at_a, at_a + 24);
    }
}

LIMEN_LAYER static void vww_int8_26_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    const int8_t *const rows0[1] = {x0};
    vww_int8_26_conv2d_row(rows0, y0, scratch);
}

/* Layer 27: AveragePool2D model/average_pooling2d/AvgPool
 * int8[1,3,3,24] -> int8[1,1,1,24] */
/* The mean of count elements, halves away from zero, as a code of the activation's range. */
static inline int8_t vww_int8_27_average_pool2d_mean(int32_t total, int32_t count)
{
    const int32_t half = count / 2;
    const int32_t mean = (total > 0 ? total + half : total - half) / count;
    return (int8_t)limen_clamp(mean, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static void vww_int8_27_average_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 24; o += 4) {
        int32_t acc0 = 0;
        int32_t acc1 = 0;
        int32_t acc2 = 0;
        int32_t acc3 = 0;
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 3; ++kx) {
                acc0 += x[0];
                acc1 += x[1];
                acc2 += x[2];
                acc3 += x[3];
                x += 24;
            }
        }
        y[o] = vww_int8_27_average_pool2d_mean(acc0, 9);
        y[o + 1] = vww_int8_27_average_pool2d_mean(acc1, 9);
        y[o + 2] = vww_int8_27_average_pool2d_mean(acc2, 9);
        y[o + 3] = vww_int8_27_average_pool2d_mean(acc3, 9);
    }
}

/* One row of the output. */
static void vww_int8_27_average_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 1; ++x) {
        vww_int8_27_average_pool2d_inside(x0, x * 72, y0 + x * 24);
    }
}

LIMEN_LAYER static void vww_int8_27_average_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 3 + i;
            rows0[i] = x0 + r * 72;
        }
        vww_int8_27_average_pool2d_row(rows0, y0);
    }
}

/* Layer 29: FullyConnected model/dense/MatMul;model/dense/BiasAdd
 * int8[1,24], int8[2,24], int32[2] -> int8[1,2]; 48 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t vww_int8_29_fully_connected_stream[30] = {
    /* sha256 9f60225a48133ee03eb592698d80d97b */
};

LIMEN_LAYER static void vww_int8_29_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 6);
    int8_t rest[4];
    limen_product_24_s12_uniform_x4(scratch, vww_int8_29_fully_connected_stream + 0, rest, rest + 4);
    for (int32_t i = 0; i < 2; ++i) {
        y0[0 + i] = rest[i];
    }
}

/* Layer 30: Softmax Identity_int8
 * int8[1,2] -> int8[1,2] */
/* e to the power of 0, -1, -2 ... codes, Q31 */
static const int32_t vww_int8_30_softmax_exp[256] = {
    /* sha256 b6647aaeacb230f162b4b1d251c773dc */
};

LIMEN_LAYER static void vww_int8_30_softmax(const int8_t *x0, int8_t *y0)
{
    for (int32_t row = 0; row < 1; ++row) {
        const int8_t *x = x0 + row * 2;
        int8_t *y = y0 + row * 2;
        int32_t most = x[0];
        for (int32_t i = 1; i < 2; ++i) {
            most = x[i] > most ? x[i] : most;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t below = most - x[i];
            sum += (int32_t)(((uint32_t)vww_int8_30_softmax_exp[below] + 2048u) >> 12);
        }
        const int32_t zeros = limen_leading_zeros(sum);
        const int32_t share =
            limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t below = most - x[i];
            const int32_t exp = vww_int8_30_softmax_exp[below];
            const int64_t part = limen_shift_right(limen_doubling_high(exp, share),
                35 - zeros) - 128;
            y[i] = (int8_t)(part > 127 ? 127 : part);
        }
    }
}

void vww_int8_reset(void *arena)
{
    (void)arena;
}

void vww_int8_invoke(void *arena)
{
    vww_int8_00_conv2d(AT(0), AT(27648), AT(46080));
    vww_int8_01_depthwise_conv2d(AT(27648), AT(0), AT(18432));
    vww_int8_02_conv2d(AT(0), AT(18432), AT(55296));
    vww_int8_03_depthwise_conv2d(AT(18432), AT(0), AT(9216));
    vww_int8_04_conv2d(AT(0), AT(9216), AT(27648));
    vww_int8_05_depthwise_conv2d(AT(9216), AT(0), AT(27648));
    vww_int8_06_conv2d(AT(0), AT(18432), AT(36864));
    vww_int8_07_depthwise_conv2d(AT(18432), AT(0), AT(4608));
    vww_int8_08_conv2d(AT(0), AT(4608), AT(13824));
    vww_int8_09_depthwise_conv2d(AT(4608), AT(0), AT(13824));
    vww_int8_10_conv2d(AT(0), AT(9216), AT(17856));
    vww_int8_11_depthwise_conv2d(AT(9216), AT(0), AT(2160));
    vww_int8_12_conv2d(AT(0), AT(2160), AT(6048));
    vww_int8_13_depthwise_conv2d(AT(2160), AT(0), AT(6048));
    vww_int8_14_conv2d(AT(0), AT(3888), AT(6048));
    vww_int8_15_depthwise_conv2d(AT(3888), AT(0), AT(2160));
    vww_int8_16_conv2d(AT(0), AT(2160), AT(3312));
    vww_int8_17_depthwise_conv2d(AT(2160), AT(0), AT(1152));
    vww_int8_18_conv2d(AT(0), AT(1152), AT(1872));
    vww_int8_19_depthwise_conv2d(AT(1152), AT(0), AT(720));
    vww_int8_20_conv2d(AT(0), AT(720), AT(1296));
    vww_int8_21_depthwise_conv2d(AT(720), AT(0), AT(576));
    vww_int8_22_conv2d(AT(0), AT(576), AT(1584));
    vww_int8_23_depthwise_conv2d(AT(576), AT(0), AT(252));
    vww_int8_24_conv2d(AT(0), AT(252), AT(540));
    vww_int8_25_depthwise_conv2d(AT(252), AT(0), AT(540));
    vww_int8_26_conv2d(AT(0), AT(288), AT(504));
    vww_int8_27_average_pool2d(AT(288), AT(0));
    vww_int8_29_fully_connected(AT(0), AT(72), AT(24));
    vww_int8_30_softmax(AT(72), AT(0));
}
