/* ic_resnet8_int8.c: ic_resnet8_int8, compiled by limen 0.1.0 for cortex-m4. */
#include "ic_resnet8_int8.h"

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

/* A window along a row: its taps, their distance, positions and channels of the input, words of a tap. */
typedef struct {
    int32_t taps_y, taps_x, dilation, width_in, channels, words;
} limen_window;

/* Columns of the windows whose first columns are left_a and left_b, tap by tap, from channel first on. */
LIMEN_LAYER static void limen_expand_taps(uint32_t *columns, const int8_t *const *rows, const int8_t *padding,
    int32_t left_a, int32_t left_b, int32_t first, const limen_window *w)
{
    for (int32_t ky = 0; ky < w->taps_y; ++ky) {
        for (int32_t kx = 0; kx < w->taps_x; ++kx) {
            const int32_t a = left_a + kx * w->dilation;
            const int32_t b = left_b + kx * w->dilation;
            const int8_t *const from_a = (a >= 0 && a < w->width_in) ? rows[ky] + a * w->channels + first : padding;
            const int8_t *const from_b = (b >= 0 && b < w->width_in) ? rows[ky] + b * w->channels + first : padding;
            columns = limen_expand_pair(columns, from_a, from_b, w->words);
        }
    }
}

/* Widens 48 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_12(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 144 elements. */
extern void limen_quad_144_s12_x14_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Two positions by four output channels a pass, sums of 144 elements. */
extern void limen_quad_144_s12_bent_x14_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Sums of two int8 vectors: plane holds both factors, the addend and the count. */
extern void limen_sum_s22(const int8_t *a, const int8_t *b, int8_t *out,
    const int32_t *plane);

/* Two positions by four output channels a pass, sums of 144 elements. */
extern void limen_quad_144_s12_x14(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Widens 96 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_24(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 288 elements. */
extern void limen_quad_288_s12_bent_x13(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Widens 16 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_4(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 16 elements. */
extern void limen_quad_16_s12_bent_x7_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Two positions by four output channels a pass, sums of 288 elements. */
extern void limen_quad_288_s12_x13(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Widens 192 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_48(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 576 elements. */
extern void limen_quad_576_s16_bent_x26(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

/* Widens 32 elements of each of count rows for two positions, aligned to 4, into int16 pairs. */
extern void limen_expand_rows_8(uint32_t *to, const int8_t *const *rows, int32_t a,
    int32_t b, int32_t count);

/* Two positions by four output channels a pass, sums of 32 elements. */
extern void limen_quad_32_s12_bent_x5_wide(const uint32_t *columns, const void *stream, int8_t *a,
    int8_t *b, const int8_t *end_of_a);

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

/* Layer 0: Conv2D model/conv2d/Conv2D1
 * int8[1,32,32,3], int8[16,3,3,3], int32[16] -> int8[1,32,32,16]; 442368 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_00_conv2d_stream[272] = {
    /* sha256 d6ddb392001d5ea0259e1bbf2faac538 */
};

/* The bytes of the window at a position, odd ends of the rows last. */
LIMEN_LAYER static void ic_resnet8_int8_00_conv2d_gather(const int8_t *const *x0, int32_t position, int8_t *to)
{
    const int32_t left = position - 1;
    for (int32_t ky = 0; ky < 3; ++ky) {
        int32_t i = 0;
        for (int32_t kx = 0; kx < 3; ++kx) {
            const int32_t at = left + kx;
            for (int32_t c = 0; c < 3; ++c, ++i) {
                const int32_t place = i < 8 ? ky * 8 + i : 24 + ky * 1 + i - 8;
                to[place] = (at >= 0 && at < 32) ? x0[ky][at * 3 + c] : -128;
            }
        }
    }
}

static void ic_resnet8_int8_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 32; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        if (a >= 1 && b < 31) {
            limen_expand_bytes_3x9(columns, x0, a * 3 - 3, b * 3 - 3);
        } else {
            int8_t *const bytes = (int8_t *)(columns + 28);
            ic_resnet8_int8_00_conv2d_gather(x0, a, bytes);
            ic_resnet8_int8_00_conv2d_gather(x0, b, bytes + 28);
            limen_expand_pair(columns, bytes, bytes + 28, 7);
        }
        limen_quad_28_s12_x13_wide(columns, ic_resnet8_int8_00_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 176);
    memset(pad, -128, 96u);
    for (int32_t y = 0; y < 32; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 32) ? x0 + r * 96 : pad;
        }
        ic_resnet8_int8_00_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 1: Conv2D model/conv2d_1/Conv2D1
 * int8[1,32,32,16], int8[16,3,3,16], int32[16] -> int8[1,32,32,16]; 2359296 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_01_conv2d_stream[1200] = {
    /* sha256 b88e52712c49fe660da62ed6b5057351 */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_01_conv2d_padding[16] = {
    /* sha256 9ff3a05a28de74ec08874ed8de797171 */
};

static const limen_window ic_resnet8_int8_01_conv2d_window = {3, 3, 1, 32, 16, 4};

static void ic_resnet8_int8_01_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 32; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        if (a >= 1 && b < 31) {
            limen_expand_rows_12(columns, x0, a * 16 - 16, b * 16 - 16, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_01_conv2d_padding, a - 1, b - 1, 0, &ic_resnet8_int8_01_conv2d_window);
        }
        limen_quad_144_s12_x14_wide(columns, ic_resnet8_int8_01_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_01_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 576);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 32; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 32) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_01_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 2: Conv2D model/conv2d_2/Conv2D
 * int8[1,32,32,16], int8[16,3,3,16], int32[16] -> int8[1,32,32,16]; 2359296 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_02_conv2d_stream[1216] = {
    /* sha256 42d6aa3669550977b11f9009da5119b5 */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_02_conv2d_padding[16] = {
    /* sha256 9ff3a05a28de74ec08874ed8de797171 */
};

static const limen_window ic_resnet8_int8_02_conv2d_window = {3, 3, 1, 32, 16, 4};

static void ic_resnet8_int8_02_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 32; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 16;
        int8_t *const at_b = y0 + b * 16;
        if (a >= 1 && b < 31) {
            limen_expand_rows_12(columns, x0, a * 16 - 16, b * 16 - 16, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_02_conv2d_padding, a - 1, b - 1, 0, &ic_resnet8_int8_02_conv2d_window);
        }
        limen_quad_144_s12_bent_x14_wide(columns, ic_resnet8_int8_02_conv2d_stream, at_a, at_b, at_a + 16);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_02_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 576);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 32; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 32) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_02_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 3: Add model/activation_2/Relu;model/add/add
 * int8[1,32,32,16], int8[1,32,32,16] -> int8[1,32,32,16] */
/* factors, addend, count */
static const int32_t ic_resnet8_int8_03_add_plane[4] = {
    /* sha256 2241499ac1e2d03bf7a4fc3b324aab8b */
};

static void ic_resnet8_int8_03_add_row(const int8_t *const *x0, const int8_t *const *x1, int8_t *y0)
{
    limen_sum_s22(x0[0], x1[0], y0, ic_resnet8_int8_03_add_plane);
}

LIMEN_LAYER static void ic_resnet8_int8_03_add(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    ic_resnet8_int8_03_add_row(rows0, rows1, y0);
}

/* Layer 4: Conv2D model/conv2d_3/Conv2D1
 * int8[1,32,32,16], int8[32,3,3,16], int32[32] -> int8[1,16,16,32]; 1179648 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_04_conv2d_stream[1248] = {
    /* sha256 f7ebf61959265afad4d3c36f92fcf458 */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_04_conv2d_padding[16] = {
    /* sha256 9ff3a05a28de74ec08874ed8de797171 */
};

static const limen_window ic_resnet8_int8_04_conv2d_window = {3, 3, 1, 32, 16, 4};

static void ic_resnet8_int8_04_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 16; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        if (a >= 0 && b < 15) {
            limen_expand_rows_12(columns, x0, a * 32, b * 32, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_04_conv2d_padding, a * 2, b * 2, 0, &ic_resnet8_int8_04_conv2d_window);
        }
        limen_quad_144_s12_x14(columns, ic_resnet8_int8_04_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_04_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 576);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 16; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 32) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_04_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 5: Conv2D model/conv2d_4/Conv2D
 * int8[1,16,16,32], int8[32,3,3,32], int32[32] -> int8[1,16,16,32]; 2359296 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_05_conv2d_stream[2432] = {
    /* sha256 14c93140ad4a6fdd4552c3b3582ef684 */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_05_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window ic_resnet8_int8_05_conv2d_window = {3, 3, 1, 16, 32, 8};

static void ic_resnet8_int8_05_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 16; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        if (a >= 1 && b < 15) {
            limen_expand_rows_24(columns, x0, a * 32 - 32, b * 32 - 32, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_05_conv2d_padding, a - 1, b - 1, 0, &ic_resnet8_int8_05_conv2d_window);
        }
        limen_quad_288_s12_bent_x13(columns, ic_resnet8_int8_05_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_05_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1152);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 16; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 16) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_05_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 6: Conv2D model/conv2d_5/BiasAdd/ReadVariableOp/resource1
 * int8[1,32,32,16], int8[32,1,1,16], int32[32] -> int8[1,16,16,32]; 131072 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_06_conv2d_stream[384] = {
    /* sha256 a7627709ed6db6fa7938564ed271cf05 */
};

static void ic_resnet8_int8_06_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 16; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 32;
        int8_t *const at_b = y0 + b * 32;
        limen_expand_rows_4(columns, x0, a * 32, b * 32, 1);
        limen_quad_16_s12_bent_x7_wide(columns, ic_resnet8_int8_06_conv2d_stream, at_a, at_b, at_a + 32);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_06_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 16; ++y) {
        const int8_t *rows0[1];
        rows0[0] = x0 + (y * 2) * 512;
        ic_resnet8_int8_06_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 7: Add model/activation_4/Relu;model/add_1/add
 * int8[1,16,16,32], int8[1,16,16,32] -> int8[1,16,16,32] */
/* factors, addend, count */
static const int32_t ic_resnet8_int8_07_add_plane[4] = {
    /* sha256 44f4c41d63d3df2aea8b18fca9d412dd */
};

static void ic_resnet8_int8_07_add_row(const int8_t *const *x0, const int8_t *const *x1, int8_t *y0)
{
    limen_sum_s22(x0[0], x1[0], y0, ic_resnet8_int8_07_add_plane);
}

LIMEN_LAYER static void ic_resnet8_int8_07_add(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    ic_resnet8_int8_07_add_row(rows0, rows1, y0);
}

/* Layer 8: Conv2D model/conv2d_6/Conv2D1
 * int8[1,16,16,32], int8[64,3,3,32], int32[64] -> int8[1,8,8,64]; 1179648 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_08_conv2d_stream[4800] = {
    /* sha256 93fec220ec63d39de70a118c4df36f47 */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_08_conv2d_padding[32] = {
    /* sha256 8e6479de01c226e8797eef95b90d4483 */
};

static const limen_window ic_resnet8_int8_08_conv2d_window = {3, 3, 1, 16, 32, 8};

static void ic_resnet8_int8_08_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        if (a >= 0 && b < 7) {
            limen_expand_rows_24(columns, x0, a * 64, b * 64, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_08_conv2d_padding, a * 2, b * 2, 0, &ic_resnet8_int8_08_conv2d_window);
        }
        limen_quad_288_s12_x13(columns, ic_resnet8_int8_08_conv2d_stream, at_a, at_b, at_a + 64);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_08_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1152);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = (r >= 0 && r < 16) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_08_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 9: Conv2D model/conv2d_7/Conv2D
 * int8[1,8,8,64], int8[64,3,3,64], int32[64] -> int8[1,8,8,64]; 2359296 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_09_conv2d_stream[9472] = {
    /* sha256 4ea3f2f7de787318a4c175a6a3da9f6b */
};

/* outside the input */
_Alignas(4) static const int8_t ic_resnet8_int8_09_conv2d_padding[64] = {
    /* sha256 210a190a8ae7b0df44f53ac70a3d6757 */
};

static const limen_window ic_resnet8_int8_09_conv2d_window = {3, 3, 1, 8, 64, 16};

static void ic_resnet8_int8_09_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        if (a >= 1 && b < 7) {
            limen_expand_rows_48(columns, x0, a * 64 - 64, b * 64 - 64, 3);
        } else {
            limen_expand_taps(columns, x0, ic_resnet8_int8_09_conv2d_padding, a - 1, b - 1, 0, &ic_resnet8_int8_09_conv2d_window);
        }
        limen_quad_576_s16_bent_x26(columns, ic_resnet8_int8_09_conv2d_stream, at_a, at_b, at_a + 64);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_09_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 2304);
    memset(pad, -128, 512u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 512 : pad;
        }
        ic_resnet8_int8_09_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 10: Conv2D model/conv2d_8/BiasAdd/ReadVariableOp/resource1
 * int8[1,16,16,32], int8[64,1,1,32], int32[64] -> int8[1,8,8,64]; 131072 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_10_conv2d_stream[1280] = {
    /* sha256 6b3014305f947933bc9d017e815b5a74 */
};

static void ic_resnet8_int8_10_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    uint32_t *const columns = scratch;
    for (int32_t a = 0; a < 8; a += 2) {
        const int32_t b = a + 1;
        int8_t *const at_a = y0 + a * 64;
        int8_t *const at_b = y0 + b * 64;
        limen_expand_rows_8(columns, x0, a * 64, b * 64, 1);
        limen_quad_32_s12_bent_x5_wide(columns, ic_resnet8_int8_10_conv2d_stream, at_a, at_b, at_a + 64);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_10_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[1];
        rows0[0] = x0 + (y * 2) * 512;
        ic_resnet8_int8_10_conv2d_row(rows0, y0 + y * 512, scratch);
    }
}

/* Layer 11: Add model/activation_6/Relu;model/add_2/add
 * int8[1,8,8,64], int8[1,8,8,64] -> int8[1,8,8,64] */
/* factors, addend, count */
static const int32_t ic_resnet8_int8_11_add_plane[4] = {
    /* sha256 68c020b35d7433326eddfdbd565df892 */
};

static void ic_resnet8_int8_11_add_row(const int8_t *const *x0, const int8_t *const *x1, int8_t *y0)
{
    limen_sum_s22(x0[0], x1[0], y0, ic_resnet8_int8_11_add_plane);
}

LIMEN_LAYER static void ic_resnet8_int8_11_add(const int8_t *x0, const int8_t *x1, int8_t *y0)
{
    const int8_t *const rows0[1] = {x0};
    const int8_t *const rows1[1] = {x1};
    ic_resnet8_int8_11_add_row(rows0, rows1, y0);
}

/* Layer 12: AveragePool2D model/average_pooling2d/AvgPool
 * int8[1,8,8,64] -> int8[1,1,1,64] */
/* The mean of count elements, halves away from zero, as a code of the activation's range. */
static inline int8_t ic_resnet8_int8_12_average_pool2d_mean(int32_t total, int32_t count)
{
    const int32_t half = count / 2;
    const int32_t mean = (total > 0 ? total + half : total - half) / count;
    return (int8_t)limen_clamp(mean, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static void ic_resnet8_int8_12_average_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 64; o += 4) {
        int32_t acc0 = 0;
        int32_t acc1 = 0;
        int32_t acc2 = 0;
        int32_t acc3 = 0;
        for (int32_t ky = 0; ky < 8; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 8; ++kx) {
                acc0 += x[0];
                acc1 += x[1];
                acc2 += x[2];
                acc3 += x[3];
                x += 64;
            }
        }
        y[o] = ic_resnet8_int8_12_average_pool2d_mean(acc0, 64);
        y[o + 1] = ic_resnet8_int8_12_average_pool2d_mean(acc1, 64);
        y[o + 2] = ic_resnet8_int8_12_average_pool2d_mean(acc2, 64);
        y[o + 3] = ic_resnet8_int8_12_average_pool2d_mean(acc3, 64);
    }
}

/* One row of the output. */
static void ic_resnet8_int8_12_average_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 1; ++x) {
        ic_resnet8_int8_12_average_pool2d_inside(x0, x * 512, y0 + x * 64);
    }
}

LIMEN_LAYER static void ic_resnet8_int8_12_average_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 1; ++y) {
        const int8_t *rows0[8];
        for (int32_t i = 0; i < 8; ++i) {
            const int32_t r = y * 8 + i;
            rows0[i] = x0 + r * 512;
        }
        ic_resnet8_int8_12_average_pool2d_row(rows0, y0);
    }
}

/* Layer 14: FullyConnected model/dense/MatMul;model/dense/BiasAdd
 * int8[1,64], int8[10,64], int32[10] -> int8[1,10]; 640 multiply-accumulates */
/* biases, weights and rescaling, in reading order */
static const int32_t ic_resnet8_int8_14_fully_connected_stream[208] = {
    /* sha256 17a44ed856fbe7494399fe997e58ce3b */
};

LIMEN_LAYER static void ic_resnet8_int8_14_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    limen_expand(scratch, x0, 16);
    limen_product_64_s12_uniform_x4(scratch, ic_resnet8_int8_14_fully_connected_stream, y0, y0 + 8);
    int8_t rest[4];
    limen_product_64_s12_uniform_x4(scratch, ic_resnet8_int8_14_fully_connected_stream + 138, rest, rest + 4);
    for (int32_t i = 0; i < 2; ++i) {
        y0[8 + i] = rest[i];
    }
}

/* Layer 15: Softmax Identity_int8
 * int8[1,10] -> int8[1,10] */
/* e to the power of 0, -1, -2 ... codes, Q31 */
static const int32_t ic_resnet8_int8_15_softmax_exp[125] = {
    /* sha256 628d3cf581778624a0b5c2c395dc3270 */
};

LIMEN_LAYER static void ic_resnet8_int8_15_softmax(const int8_t *x0, int8_t *y0)
{
    for (int32_t row = 0; row < 1; ++row) {
        const int8_t *x = x0 + row * 10;
        int8_t *y = y0 + row * 10;
        int32_t most = x[0];
        for (int32_t i = 1; i < 10; ++i) {
            most = x[i] > most ? x[i] : most;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t below = most - x[i];
            sum += below < 125
                ? (int32_t)(((uint32_t)ic_resnet8_int8_15_softmax_exp[below] + 2048u) >> 12) : 0;
        }
        const int32_t zeros = limen_leading_zeros(sum);
        const int32_t share =
            limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t below = most - x[i];
            const int32_t exp = below < 125 ? ic_resnet8_int8_15_softmax_exp[below] : 0;
            const int64_t part = limen_shift_right(limen_doubling_high(exp, share),
                35 - zeros) - 128;
            y[i] = (int8_t)(part > 127 ? 127 : part);
        }
    }
}

void ic_resnet8_int8_reset(void *arena)
{
    (void)arena;
}

void ic_resnet8_int8_invoke(void *arena)
{
    ic_resnet8_int8_00_conv2d(AT(14592), AT(1088), AT(0));
    ic_resnet8_int8_01_conv2d(AT(1088), AT(18496), AT(0));
    ic_resnet8_int8_02_conv2d(AT(18496), AT(17472), AT(0));
    ic_resnet8_int8_03_add(AT(1088), AT(17472), AT(17472));
    ic_resnet8_int8_04_conv2d(AT(17472), AT(5836), AT(0));
    ic_resnet8_int8_05_conv2d(AT(5836), AT(4812), AT(0));
    ic_resnet8_int8_06_conv2d(AT(17472), AT(13004), AT(0));
    ic_resnet8_int8_07_add(AT(13004), AT(4812), AT(4812));
    ic_resnet8_int8_08_conv2d(AT(4812), AT(13004), AT(0));
    ic_resnet8_int8_09_conv2d(AT(13004), AT(204), AT(17100));
    ic_resnet8_int8_10_conv2d(AT(4812), AT(4300), AT(0));
    ic_resnet8_int8_11_add(AT(4300), AT(204), AT(204));
    ic_resnet8_int8_12_average_pool2d(AT(204), AT(140));
    ic_resnet8_int8_14_fully_connected(AT(140), AT(0), AT(12));
    ic_resnet8_int8_15_softmax(AT(0), AT(0));
}
