/* digits.c: digits, compiled by limen 0.1.0 for cortex-m0plus. */
#include "digits.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* In the .S file: all output channels of a few positions. */
void limen_m0_tile4(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters);

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

/* In the .S file: all output channels of a few positions. */
void limen_m0_tile4w(const int32_t *patch, const uint8_t *stream, int8_t *y, const int32_t *parameters);

/* Pairs of codes in words, each behind what weights plus 128 have added to the sums of two channels so far. */
static void limen_prepare(const int8_t *x, int32_t pairs, int32_t *prefix)
{
    uint32_t sum = 0;
    for (int32_t i = 0; i < pairs; ++i) {
        prefix[0] = (int32_t)(sum * 0x00800080u);
        prefix[1] = x[2 * i];
        prefix[2] = x[2 * i + 1];
        sum += (uint32_t)(prefix[1] + prefix[2]);
        prefix += 3;
    }
    prefix[0] = (int32_t)(sum * 0x00800080u);
}

/* In the .S file: all output channels of one position. */
void limen_m0_vectorw(const int32_t *prefix, const uint8_t *stream, int8_t *y,
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

/* Layer 0: Conv2D re_lu/Relu
 * int8[1,8,8,1], int8[16,3,3,1], int32[16] -> int8[1,8,8,16]; 9216 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t digits_00_conv2d_stream[456] = {
    /* sha256 03fdf4844bbdc054b42d3d24ceaf7218 */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t digits_00_conv2d_parameters[5] = {
    /* sha256 34a8c180e17096a1e86c6196e1ffc8d1 */
};

static int32_t *digits_00_conv2d_gather4(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 1; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[1 + c];
        const int32_t v2 = x[2 + c];
        const int32_t v3 = x[3 + c];
        const int32_t v4 = x[4 + c];
        const int32_t v5 = x[5 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v1 + v2 * 65536;
        patch[3] = v3 + v4 * 65536;
        patch[4] = v2 + v3 * 65536;
        patch[5] = v4 + v5 * 65536;
        patch += 6;
    }
    return patch;
}

static void digits_00_conv2d_patch4(const int8_t *const *x0, int32_t column, int32_t *patch, int8_t *strip)
{
    for (int32_t ky = 0; ky < 3; ++ky) {
        const int8_t *x = x0[ky] + column * 1;
        if (column < 0 || column > 2) {
            limen_strip(strip, x0[ky], column, 6, 8, 1, -128);
            x = strip;
        }
        patch = digits_00_conv2d_gather4(x, patch);
    }
}

static void digits_00_conv2d_tile4(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch, int8_t *strip)
{
    digits_00_conv2d_patch4(x0, at - 1, patch, strip);
    limen_m0_tile4(patch, digits_00_conv2d_stream, y, digits_00_conv2d_parameters);
}

static void digits_00_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    int8_t *const strip = (int8_t *)scratch + 72;
    for (int32_t at = 0; at < 8; at += 4) {
        digits_00_conv2d_tile4(x0, at, y0 + at * 16, patch, strip);
    }
}

LIMEN_LAYER static void digits_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 80);
    memset(pad, -128, 8u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 8 : pad;
        }
        digits_00_conv2d_row(rows0, y0 + y * 128, scratch);
    }
}

/* Layer 1: Conv2D re_lu_1/Relu
 * int8[1,8,8,16], int8[32,3,3,16], int32[32] -> int8[1,8,8,32]; 294912 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t digits_01_conv2d_stream[6016] = {
    /* sha256 aa3547a30d0864fc30a352ec61e7fc7d */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t digits_01_conv2d_parameters[5] = {
    /* sha256 0eca975b45dad890122e01fdb15713a2 */
};

static int32_t *digits_01_conv2d_gather4(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 16; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[16 + c];
        const int32_t v2 = x[32 + c];
        const int32_t v3 = x[48 + c];
        const int32_t v4 = x[64 + c];
        const int32_t v5 = x[80 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v1 + v2 * 65536;
        patch[3] = v3 + v4 * 65536;
        patch[4] = v2 + v3 * 65536;
        patch[5] = v4 + v5 * 65536;
        patch += 6;
    }
    return patch;
}

static void digits_01_conv2d_patch4(const int8_t *const *x0, int32_t column, int32_t *patch, int8_t *strip)
{
    for (int32_t ky = 0; ky < 3; ++ky) {
        const int8_t *x = x0[ky] + column * 16;
        if (column < 0 || column > 2) {
            limen_strip(strip, x0[ky], column, 6, 8, 16, -128);
            x = strip;
        }
        patch = digits_01_conv2d_gather4(x, patch);
    }
}

static void digits_01_conv2d_tile4(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch, int8_t *strip)
{
    digits_01_conv2d_patch4(x0, at - 1, patch, strip);
    limen_m0_tile4(patch, digits_01_conv2d_stream, y, digits_01_conv2d_parameters);
}

static void digits_01_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    int8_t *const strip = (int8_t *)scratch + 1152;
    for (int32_t at = 0; at < 8; at += 4) {
        digits_01_conv2d_tile4(x0, at, y0 + at * 32, patch, strip);
    }
}

LIMEN_LAYER static void digits_01_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 1248);
    memset(pad, -128, 128u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 128 : pad;
        }
        digits_01_conv2d_row(rows0, y0 + y * 256, scratch);
    }
}

/* Layer 2: MaxPool2D max_pooling2d/MaxPool
 * int8[1,8,8,32] -> int8[1,4,4,32] */
/* At one position whose window lies inside the row: all output channels. */
static void digits_02_max_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 32; o += 4) {
        int32_t acc0 = -128;
        int32_t acc1 = -128;
        int32_t acc2 = -128;
        int32_t acc3 = -128;
        for (int32_t ky = 0; ky < 2; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 2; ++kx) {
                acc0 = x[0] > acc0 ? x[0] : acc0;
                acc1 = x[1] > acc1 ? x[1] : acc1;
                acc2 = x[2] > acc2 ? x[2] : acc2;
                acc3 = x[3] > acc3 ? x[3] : acc3;
                x += 32;
            }
        }
        y[o] = (int8_t)acc0;
        y[o + 1] = (int8_t)acc1;
        y[o + 2] = (int8_t)acc2;
        y[o + 3] = (int8_t)acc3;
    }
}

/* One row of the output. */
static void digits_02_max_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 4; ++x) {
        digits_02_max_pool2d_inside(x0, x * 64, y0 + x * 32);
    }
}

LIMEN_LAYER static void digits_02_max_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 4; ++y) {
        const int8_t *rows0[2];
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = x0 + r * 256;
        }
        digits_02_max_pool2d_row(rows0, y0 + y * 128);
    }
}

/* Layer 3: Conv2D re_lu_2/Relu
 * int8[1,4,4,32], int8[48,3,3,32], int32[48] -> int8[1,4,4,48]; 221184 multiply-accumulates */
/* biases, rescaling and weights, two channels a block, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t digits_03_conv2d_stream[16812] = {
    /* sha256 2c52e03740cb9fd9f5e1de48be126213 */
};

/* bytes between positions, range of codes, rounding, number of blocks */
static const int32_t digits_03_conv2d_parameters[5] = {
    /* sha256 d16a8724571e2f18ec3ec2cb50b361e5 */
};

static int32_t *digits_03_conv2d_gather4(const int8_t *x, int32_t *patch)
{
    for (int32_t c = 0; c < 32; ++c) {
        const int32_t v0 = x[c];
        const int32_t v1 = x[32 + c];
        const int32_t v2 = x[64 + c];
        const int32_t v3 = x[96 + c];
        const int32_t v4 = x[128 + c];
        const int32_t v5 = x[160 + c];
        patch[0] = v0 + v1 * 65536;
        patch[1] = v2 + v3 * 65536;
        patch[2] = v1 + v2 * 65536;
        patch[3] = v3 + v4 * 65536;
        patch[4] = v2 + v3 * 65536;
        patch[5] = v4 + v5 * 65536;
        patch += 6;
    }
    return patch;
}

static void digits_03_conv2d_patch4(const int8_t *const *x0, int32_t column, int32_t *patch, int8_t *strip)
{
    for (int32_t ky = 0; ky < 3; ++ky) {
        const int8_t *const x = strip;
        limen_strip(strip, x0[ky], column, 6, 4, 32, -128);
        patch = digits_03_conv2d_gather4(x, patch);
    }
}

static void digits_03_conv2d_tile4(const int8_t *const *x0, int32_t at, int8_t *y, int32_t *patch, int8_t *strip)
{
    digits_03_conv2d_patch4(x0, at - 1, patch, strip);
    limen_m0_tile4w(patch, digits_03_conv2d_stream, y, digits_03_conv2d_parameters);
}

static void digits_03_conv2d_row(const int8_t *const *x0, int8_t *y0, void *scratch)
{
    int32_t *const patch = scratch;
    int8_t *const strip = (int8_t *)scratch + 2304;
    digits_03_conv2d_tile4(x0, 0, y0, patch, strip);
}

LIMEN_LAYER static void digits_03_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 2496);
    memset(pad, -128, 128u);
    for (int32_t y = 0; y < 4; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 4) ? x0 + r * 128 : pad;
        }
        digits_03_conv2d_row(rows0, y0 + y * 192, scratch);
    }
}

/* Layer 4: MaxPool2D max_pooling2d_1/MaxPool
 * int8[1,4,4,48] -> int8[1,2,2,48] */
/* At one position whose window lies inside the row: all output channels. */
static void digits_04_max_pool2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    for (int32_t o = 0; o < 48; o += 4) {
        int32_t acc0 = -128;
        int32_t acc1 = -128;
        int32_t acc2 = -128;
        int32_t acc3 = -128;
        for (int32_t ky = 0; ky < 2; ++ky) {
            const int8_t *x = x0[ky] + at + o;
            for (int32_t kx = 0; kx < 2; ++kx) {
                acc0 = x[0] > acc0 ? x[0] : acc0;
                acc1 = x[1] > acc1 ? x[1] : acc1;
                acc2 = x[2] > acc2 ? x[2] : acc2;
                acc3 = x[3] > acc3 ? x[3] : acc3;
                x += 48;
            }
        }
        y[o] = (int8_t)acc0;
        y[o + 1] = (int8_t)acc1;
        y[o + 2] = (int8_t)acc2;
        y[o + 3] = (int8_t)acc3;
    }
}

/* One row of the output. */
static void digits_04_max_pool2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 0; x < 2; ++x) {
        digits_04_max_pool2d_inside(x0, x * 96, y0 + x * 48);
    }
}

LIMEN_LAYER static void digits_04_max_pool2d(const int8_t *x0, int8_t *y0)
{
    for (int32_t y = 0; y < 2; ++y) {
        const int8_t *rows0[2];
        for (int32_t i = 0; i < 2; ++i) {
            const int32_t r = y * 2 + i;
            rows0[i] = x0 + r * 192;
        }
        digits_04_max_pool2d_row(rows0, y0 + y * 96);
    }
}

/* Layer 6: FullyConnected probability/Gemm
 * int8[1,192], int8[10,192], int32[10] -> int8[1,10]; 1920 multiply-accumulates */
/* biases, rescaling and weights, channels in blocks, laid out as the routine in the .S file says */
_Alignas(4) static const uint8_t digits_06_fully_connected_stream[2592] = {
    /* sha256 14cf2f8c1f432342b9cb16002aa79e8c */
};

/* range of codes, rounding, number of blocks */
static const int32_t digits_06_fully_connected_parameters[4] = {
    /* sha256 2806332607d2598e65befddd4b91ce6f */
};

/* the same, of the last block, which repeats channels of the one before */
static const int32_t digits_06_fully_connected_last[4] = {
    /* sha256 bac8e6dcd0ea74777fb448f0d1795a33 */
};

LIMEN_LAYER static void digits_06_fully_connected(const int8_t *x0, int8_t *y0, void *scratch)
{
    int32_t *const prefix = scratch;
    limen_prepare(x0, 96, prefix);
    limen_m0_vectorw(prefix, digits_06_fully_connected_stream, y0, digits_06_fully_connected_parameters);
    limen_m0_vectorw(prefix, digits_06_fully_connected_stream + 1728, y0 + 6, digits_06_fully_connected_last);
}

/* Layer 7: Softmax probability
 * int8[1,10] -> int8[1,10] */
/* e to the power of 0, -1, -2 ... codes, Q31 */
static const int32_t digits_07_softmax_exp[249] = {
    /* sha256 401e61f4bd4cc9523ffb6138f43eec57 */
};

LIMEN_LAYER static void digits_07_softmax(const int8_t *x0, int8_t *y0)
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
            sum += below < 249
                ? (int32_t)(((uint32_t)digits_07_softmax_exp[below] + 2048u) >> 12) : 0;
        }
        const int32_t zeros = limen_leading_zeros(sum);
        const int32_t share =
            limen_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - 0x80000000u));
        for (int32_t i = 0; i < 10; ++i) {
            const int32_t below = most - x[i];
            const int32_t exp = below < 249 ? digits_07_softmax_exp[below] : 0;
            const int64_t part = limen_shift_right(limen_doubling_high(exp, share),
                35 - zeros) - 128;
            y[i] = (int8_t)(part > 127 ? 127 : part);
        }
    }
}

void digits_reset(void *arena)
{
    (void)arena;
}

void digits_invoke(void *arena)
{
    digits_00_conv2d(AT(0), AT(1280), AT(64));
    digits_01_conv2d(AT(1280), AT(0), AT(2304));
    digits_02_max_pool2d(AT(0), AT(3136));
    digits_03_conv2d(AT(3136), AT(2624), AT(0));
    digits_04_max_pool2d(AT(2624), AT(1156));
    digits_06_fully_connected(AT(1156), AT(1348), AT(0));
    digits_07_softmax(AT(1348), AT(0));
}
