/* digits.c: digits, compiled by limen 0.1.0 for x86-64. */
#include "digits.h"

#include <string.h>

/* Layers stay functions of their own, so that profilers and debuggers see them. */
#define LIMEN_LAYER __attribute__((noinline))
#define AT(offset) ((void *)((uint8_t *)arena + (offset)))

/* acc * multiplier / 2^(31 + right), rounded twice, halves up; results below 0 do not matter. */
static inline int32_t limen_rescale_positive(int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t high = (int32_t)(((int64_t)acc * multiplier + (INT64_C(1) << 30)) >> 31);
    return (high + (1 << (right - 1))) >> right;
}

/* The value, held between low and high. */
static inline int32_t limen_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

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
/* weights [channels in fours][ky][kx][input channel][channel] */
_Alignas(4) static const int8_t digits_00_conv2d_weights[144] = {
    /* sha256 4817e53ceb9745d24b50e3ae0aa808c9 */
};

/* biases less the share of the input's zero point -128 */
static const int32_t digits_00_conv2d_bias[16] = {
    /* sha256 0f90b5750868490c06dc1dcc4f140dde */
};

/* Q31 mantissas */
static const int32_t digits_00_conv2d_multiplier[16] = {
    /* sha256 969ac109c831721b55b10c61253b2a9e */
};

/* right shifts */
_Alignas(4) static const int8_t digits_00_conv2d_shift[16] = {
    /* sha256 cd1c566032a2b61ee835ced04324d3df */
};

/* From an accumulator to the output's code. */
static inline int8_t digits_00_conv2d_code(int32_t acc, int32_t o)
{
    const int32_t multiplier = digits_00_conv2d_multiplier[o];
    const int32_t shift = digits_00_conv2d_shift[o];
    return (int8_t)limen_clamp(limen_rescale_positive(acc, multiplier, shift) - 128, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static inline void digits_00_conv2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    const int8_t *w = digits_00_conv2d_weights;
    for (int32_t o = 0; o < 16; o += 4) {
        int32_t acc0 = digits_00_conv2d_bias[o];
        int32_t acc1 = digits_00_conv2d_bias[o + 1];
        int32_t acc2 = digits_00_conv2d_bias[o + 2];
        int32_t acc3 = digits_00_conv2d_bias[o + 3];
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < 3; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
        }
        y[o] = digits_00_conv2d_code(acc0, o);
        y[o + 1] = digits_00_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_00_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_00_conv2d_code(acc3, o + 3);
    }
}

/* At the border: only columns from ... to - 1 of the window lie inside the row. */
static void digits_00_conv2d_edge(const int8_t *const *x0,
                                  int32_t at,
                                  int32_t from,
                                  int32_t to,
                                  int8_t *y)
{
    const int8_t *w = digits_00_conv2d_weights;
    for (int32_t o = 0; o < 16; o += 4) {
        int32_t acc0 = digits_00_conv2d_bias[o];
        int32_t acc1 = digits_00_conv2d_bias[o + 1];
        int32_t acc2 = digits_00_conv2d_bias[o + 2];
        int32_t acc3 = digits_00_conv2d_bias[o + 3];
        int32_t pad0 = 0, pad1 = 0, pad2 = 0, pad3 = 0;
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < from; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
            for (int32_t i = 0; i < to - from; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
            for (int32_t i = 0; i < 3 - to; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
        }
        acc0 += -128 * pad0;
        acc1 += -128 * pad1;
        acc2 += -128 * pad2;
        acc3 += -128 * pad3;
        y[o] = digits_00_conv2d_code(acc0, o);
        y[o + 1] = digits_00_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_00_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_00_conv2d_code(acc3, o + 3);
    }
}

/* One row of the output. */
static void digits_00_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 1; x < 7; ++x) {
        digits_00_conv2d_inside(x0, x - 1, y0 + x * 16);
    }
    digits_00_conv2d_edge(x0, 0, 1, 3, y0);
    digits_00_conv2d_edge(x0, 6, 0, 2, y0 + 112);
}

LIMEN_LAYER static void digits_00_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 8u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 8 : pad;
        }
        digits_00_conv2d_row(rows0, y0 + y * 128);
    }
}

/* Layer 1: Conv2D re_lu_1/Relu
 * int8[1,8,8,16], int8[32,3,3,16], int32[32] -> int8[1,8,8,32]; 294912 multiply-accumulates */
/* weights [channels in fours][ky][kx][input channel][channel] */
_Alignas(4) static const int8_t digits_01_conv2d_weights[4608] = {
    /* sha256 13425cd608af9711bfd795c27f34b392 */
};

/* biases less the share of the input's zero point -128 */
static const int32_t digits_01_conv2d_bias[32] = {
    /* sha256 1b9c3efb75f487999e67f9b432e45f74 */
};

/* Q31 mantissas */
static const int32_t digits_01_conv2d_multiplier[32] = {
    /* sha256 9581875d6fba47bde910723752fa3913 */
};

/* right shifts */
_Alignas(4) static const int8_t digits_01_conv2d_shift[32] = {
    /* sha256 8d1ea4d170dcd618ad07ceb38d243834 */
};

/* From an accumulator to the output's code. */
static inline int8_t digits_01_conv2d_code(int32_t acc, int32_t o)
{
    const int32_t multiplier = digits_01_conv2d_multiplier[o];
    const int32_t shift = digits_01_conv2d_shift[o];
    return (int8_t)limen_clamp(limen_rescale_positive(acc, multiplier, shift) - 128, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static inline void digits_01_conv2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    const int8_t *w = digits_01_conv2d_weights;
    for (int32_t o = 0; o < 32; o += 4) {
        int32_t acc0 = digits_01_conv2d_bias[o];
        int32_t acc1 = digits_01_conv2d_bias[o + 1];
        int32_t acc2 = digits_01_conv2d_bias[o + 2];
        int32_t acc3 = digits_01_conv2d_bias[o + 3];
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < 48; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
        }
        y[o] = digits_01_conv2d_code(acc0, o);
        y[o + 1] = digits_01_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_01_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_01_conv2d_code(acc3, o + 3);
    }
}

/* At the border: only columns from ... to - 1 of the window lie inside the row. */
static void digits_01_conv2d_edge(const int8_t *const *x0,
                                  int32_t at,
                                  int32_t from,
                                  int32_t to,
                                  int8_t *y)
{
    const int8_t *w = digits_01_conv2d_weights;
    for (int32_t o = 0; o < 32; o += 4) {
        int32_t acc0 = digits_01_conv2d_bias[o];
        int32_t acc1 = digits_01_conv2d_bias[o + 1];
        int32_t acc2 = digits_01_conv2d_bias[o + 2];
        int32_t acc3 = digits_01_conv2d_bias[o + 3];
        int32_t pad0 = 0, pad1 = 0, pad2 = 0, pad3 = 0;
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < from * 16; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
            for (int32_t i = 0; i < (to - from) * 16; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
            for (int32_t i = 0; i < (3 - to) * 16; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
        }
        acc0 += -128 * pad0;
        acc1 += -128 * pad1;
        acc2 += -128 * pad2;
        acc3 += -128 * pad3;
        y[o] = digits_01_conv2d_code(acc0, o);
        y[o + 1] = digits_01_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_01_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_01_conv2d_code(acc3, o + 3);
    }
}

/* One row of the output. */
static void digits_01_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 1; x < 7; ++x) {
        digits_01_conv2d_inside(x0, x * 16 - 16, y0 + x * 32);
    }
    digits_01_conv2d_edge(x0, 0, 1, 3, y0);
    digits_01_conv2d_edge(x0, 96, 0, 2, y0 + 224);
}

LIMEN_LAYER static void digits_01_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 128u);
    for (int32_t y = 0; y < 8; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 8) ? x0 + r * 128 : pad;
        }
        digits_01_conv2d_row(rows0, y0 + y * 256);
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
/* weights [channels in fours][ky][kx][input channel][channel] */
_Alignas(4) static const int8_t digits_03_conv2d_weights[13824] = {
    /* sha256 5040ed4178c557f6774b882ede8e0d72 */
};

/* biases less the share of the input's zero point -128 */
static const int32_t digits_03_conv2d_bias[48] = {
    /* sha256 a982debf01dffd0d9705378db4dee295 */
};

/* Q31 mantissas */
static const int32_t digits_03_conv2d_multiplier[48] = {
    /* sha256 69477d7b538431c9cde3154171c9b34c */
};

/* right shifts */
_Alignas(4) static const int8_t digits_03_conv2d_shift[48] = {
    /* sha256 3b7c80b9586e106befaa4b0365127915 */
};

/* From an accumulator to the output's code. */
static inline int8_t digits_03_conv2d_code(int32_t acc, int32_t o)
{
    const int32_t multiplier = digits_03_conv2d_multiplier[o];
    const int32_t shift = digits_03_conv2d_shift[o];
    return (int8_t)limen_clamp(limen_rescale_positive(acc, multiplier, shift) - 128, -128, 127);
}

/* At one position whose window lies inside the row: all output channels. */
static inline void digits_03_conv2d_inside(const int8_t *const *x0, int32_t at, int8_t *y)
{
    const int8_t *w = digits_03_conv2d_weights;
    for (int32_t o = 0; o < 48; o += 4) {
        int32_t acc0 = digits_03_conv2d_bias[o];
        int32_t acc1 = digits_03_conv2d_bias[o + 1];
        int32_t acc2 = digits_03_conv2d_bias[o + 2];
        int32_t acc3 = digits_03_conv2d_bias[o + 3];
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < 96; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
        }
        y[o] = digits_03_conv2d_code(acc0, o);
        y[o + 1] = digits_03_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_03_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_03_conv2d_code(acc3, o + 3);
    }
}

/* At the border: only columns from ... to - 1 of the window lie inside the row. */
static void digits_03_conv2d_edge(const int8_t *const *x0,
                                  int32_t at,
                                  int32_t from,
                                  int32_t to,
                                  int8_t *y)
{
    const int8_t *w = digits_03_conv2d_weights;
    for (int32_t o = 0; o < 48; o += 4) {
        int32_t acc0 = digits_03_conv2d_bias[o];
        int32_t acc1 = digits_03_conv2d_bias[o + 1];
        int32_t acc2 = digits_03_conv2d_bias[o + 2];
        int32_t acc3 = digits_03_conv2d_bias[o + 3];
        int32_t pad0 = 0, pad1 = 0, pad2 = 0, pad3 = 0;
        for (int32_t ky = 0; ky < 3; ++ky) {
            const int8_t *x = x0[ky] + at;
            for (int32_t i = 0; i < from * 32; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
            for (int32_t i = 0; i < (to - from) * 32; ++i) {
                const int32_t v = x[i];
                acc0 += v * w[0];
                acc1 += v * w[1];
                acc2 += v * w[2];
                acc3 += v * w[3];
                w += 4;
            }
            for (int32_t i = 0; i < (3 - to) * 32; ++i) {
                pad0 += w[0];
                pad1 += w[1];
                pad2 += w[2];
                pad3 += w[3];
                w += 4;
            }
        }
        acc0 += -128 * pad0;
        acc1 += -128 * pad1;
        acc2 += -128 * pad2;
        acc3 += -128 * pad3;
        y[o] = digits_03_conv2d_code(acc0, o);
        y[o + 1] = digits_03_conv2d_code(acc1, o + 1);
        y[o + 2] = digits_03_conv2d_code(acc2, o + 2);
        y[o + 3] = digits_03_conv2d_code(acc3, o + 3);
    }
}

/* One row of the output. */
static void digits_03_conv2d_row(const int8_t *const *x0, int8_t *y0)
{
    for (int32_t x = 1; x < 3; ++x) {
        digits_03_conv2d_inside(x0, x * 32 - 32, y0 + x * 48);
    }
    digits_03_conv2d_edge(x0, 0, 1, 3, y0);
    digits_03_conv2d_edge(x0, 64, 0, 2, y0 + 144);
}

LIMEN_LAYER static void digits_03_conv2d(const int8_t *x0, int8_t *y0, void *scratch)
{
    int8_t *const pad = (void *)((uint8_t *)scratch + 0);
    memset(pad, -128, 128u);
    for (int32_t y = 0; y < 4; ++y) {
        const int8_t *rows0[3];
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t r = y - 1 + i;
            rows0[i] = (r >= 0 && r < 4) ? x0 + r * 128 : pad;
        }
        digits_03_conv2d_row(rows0, y0 + y * 192);
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
/* weights [channels in fours][input][channel] */
_Alignas(4) static const int8_t digits_06_fully_connected_weights[1920] = {
    /* sha256 8a9d33db588e0e7f6fd7f89580eca81b */
};

/* biases less the share of the input's zero point -128 */
static const int32_t digits_06_fully_connected_bias[10] = {
    /* sha256 77668aafb53e2374266907ca5e71593c */
};

/* factors times 2^41 */
static const int32_t digits_06_fully_connected_multiplier[10] = {
    /* sha256 881272dd6f0815972b2278b179eaf94f */
};

/* From an accumulator to the output's code. */
static inline int8_t digits_06_fully_connected_code(int32_t acc, int32_t o)
{
    const int64_t scaled = (int64_t)acc * digits_06_fully_connected_multiplier[o] + INT64_C(-40681930227712);
    return (int8_t)limen_clamp((int32_t)(scaled >> 41), -128, 127);
}

LIMEN_LAYER static void digits_06_fully_connected(const int8_t *x0, int8_t *y0)
{
    const int8_t *w = digits_06_fully_connected_weights;
    for (int32_t o = 0; o < 8; o += 4) {
        int32_t acc0 = digits_06_fully_connected_bias[o];
        int32_t acc1 = digits_06_fully_connected_bias[o + 1];
        int32_t acc2 = digits_06_fully_connected_bias[o + 2];
        int32_t acc3 = digits_06_fully_connected_bias[o + 3];
        for (int32_t i = 0; i < 192; ++i) {
            const int32_t v = x0[i];
            acc0 += v * w[0];
            acc1 += v * w[1];
            acc2 += v * w[2];
            acc3 += v * w[3];
            w += 4;
        }
        y0[o] = digits_06_fully_connected_code(acc0, o);
        y0[o + 1] = digits_06_fully_connected_code(acc1, o + 1);
        y0[o + 2] = digits_06_fully_connected_code(acc2, o + 2);
        y0[o + 3] = digits_06_fully_connected_code(acc3, o + 3);
    }
    {
        int32_t acc0 = digits_06_fully_connected_bias[8];
        int32_t acc1 = digits_06_fully_connected_bias[9];
        for (int32_t i = 0; i < 192; ++i) {
            const int32_t v = x0[i];
            acc0 += v * w[0];
            acc1 += v * w[1];
            w += 2;
        }
        y0[8] = digits_06_fully_connected_code(acc0, 8);
        y0[9] = digits_06_fully_connected_code(acc1, 9);
    }
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
    digits_00_conv2d(AT(0), AT(1408), AT(64));
    digits_01_conv2d(AT(1408), AT(128), AT(0));
    digits_02_max_pool2d(AT(128), AT(0));
    digits_03_conv2d(AT(0), AT(640), AT(512));
    digits_04_max_pool2d(AT(640), AT(0));
    digits_06_fully_connected(AT(0), AT(192));
    digits_07_softmax(AT(192), AT(0));
}
